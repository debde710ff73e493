// Package skill reads skills: directories with a SKILL.md (what to know and when, rules for triage) and, where a skill
// can help to mitigate, a mitigations.yaml. The expressions of rules are compiled by package rule.
package skill

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/firefinder/firefinder/shared/incident"
)

// Skill is one directory.
type Skill struct {
	Name        string
	Description string
	Version     string
	AgentTypes  []string // INCIDENT_TRIAGE, INCIDENT_RCA, INCIDENT_MITIGATION, ...
	Text        string   // the Markdown below the frontmatter
	skips       []SkipRule
	blocks      []Block
}

// Library is a set of skills, in the order of their names.
type Library struct{ skills []Skill }

type frontmatter struct {
	Name        located  `yaml:"name"`
	Description located  `yaml:"description"`
	Metadata    metadata `yaml:"metadata"`
}

type metadata struct {
	Version    string     `yaml:"version"`
	Author     string     `yaml:"author"`
	Title      string     `yaml:"title"`
	Summary    string     `yaml:"summary"`
	AgentTypes []string   `yaml:"agent_types"`
	Skip       []skipYAML `yaml:"skip"`
}

var skillName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$`)

// lineOf takes apart how the YAML parser says where a fault is.
var lineOf = regexp.MustCompile(`(?s)^line (\d+): (.*)$`)

// Load reads every directory of fsys that holds a SKILL.md. All faults are reported at once, each with file and place; the
// class is Invalid. compile is for the expressions of skip rules. A program that matches none gives nil: rules are then
// checked for shape alone, and matching one is an error.
func Load(fsys fs.FS, compile Compile) (Library, error) {
	var lib Library
	var faults []error
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return lib, incident.Errorf(incident.Unavailable, "read skills: %w", err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		s, err := load(fsys, e.Name(), compile)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		lib.skills = append(lib.skills, s)
	}
	if len(faults) > 0 {
		return Library{}, incident.Errorf(incident.Invalid, "skills: %w", errors.Join(faults...))
	}
	return lib, nil
}

func load(fsys fs.FS, dir string, compile Compile) (Skill, error) {
	file := path.Join(dir, "SKILL.md")
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return Skill{}, err
	}
	blocks, err := loadBlocks(fsys, path.Join(dir, "mitigations.yaml"), dir)
	faults := []error{err}
	head, text, ok := split(data)
	if !ok {
		return Skill{}, errors.Join(append(faults, incident.Errorf(incident.Invalid, "%s:1:1: must begin with frontmatter between two lines of ---", file))...)
	}
	var fm frontmatter
	if err := decode(file, head, &fm); err != nil {
		return Skill{}, errors.Join(append(faults, err)...)
	}
	s := Skill{Name: fm.Name.Text, Description: fm.Description.Text, Version: fm.Metadata.Version, AgentTypes: fm.Metadata.AgentTypes, Text: string(text), blocks: blocks}
	if !skillName.MatchString(s.Name) || s.Name != dir {
		faults = append(faults, fm.Name.fault(file, "name must be the directory's name, in lower case, digits and hyphens"))
	}
	if n := len(s.Description); n == 0 || n > 1024 {
		faults = append(faults, fm.Description.fault(file, "description must have 1 to 1024 characters"))
	}
	for _, y := range fm.Metadata.Skip {
		rule, err := y.rule(file, s.Name, head, compile)
		s.skips, faults = append(s.skips, rule), append(faults, err)
	}
	return s, errors.Join(faults...)
}

// decode reads strict YAML: an unknown field is a fault. The error holds all faults, with their lines.
func decode(file string, data []byte, into any) error {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	err := dec.Decode(into)
	var many *yaml.TypeError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF):
		return incident.Errorf(incident.Invalid, "%s:1:1: holds nothing", file)
	case !errors.As(err, &many):
		many = &yaml.TypeError{Errors: []string{strings.TrimPrefix(err.Error(), "yaml: ")}}
	}
	var faults []error
	for _, text := range many.Errors {
		place := file
		if m := lineOf.FindStringSubmatch(text); m != nil {
			place, text = file+":"+m[1], m[2]
		}
		faults = append(faults, incident.Errorf(incident.Invalid, "%s: %s", place, text))
	}
	return errors.Join(faults...)
}

// split separates frontmatter and text. The frontmatter keeps its place in the file, so that line numbers are right.
func split(data []byte) (head, text []byte, ok bool) {
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	rest, ok := bytes.CutPrefix(data, []byte("---\n"))
	if !ok {
		return nil, nil, false
	}
	head, text, ok = bytes.Cut(rest, []byte("\n---\n"))
	return append([]byte("\n"), head...), bytes.TrimSpace(text), ok
}

func loadBlocks(fsys fs.FS, file, skill string) ([]Block, error) {
	data, err := fs.ReadFile(fsys, file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var blocks []Block
	if err := decode(file, data, &blocks); err != nil {
		return nil, err
	}
	var places []yaml.Node
	if err := yaml.Unmarshal(data, &places); err != nil {
		return nil, incident.Errorf(incident.Invalid, "%s: %w", file, err)
	}
	var faults []error
	for i := range blocks {
		blocks[i].Skill = skill
		if why := blocks[i].fault(); why != "" {
			faults = append(faults, incident.Errorf(incident.Invalid, "%s:%d:%d: block %q: %s", file, places[i].Line, places[i].Column, blocks[i].Name, why))
		}
	}
	return blocks, errors.Join(faults...)
}

// Active keeps the named skills; no names keeps all.
func (l Library) Active(names []string) Library {
	if len(names) == 0 {
		return l
	}
	var out Library
	for _, s := range l.skills {
		if slices.Contains(names, s.Name) {
			out.skills = append(out.skills, s)
		}
	}
	return out
}

// Skills lists the skills.
func (l Library) Skills() []Skill { return l.skills }

// Skips lists the skip rules of all skills, in order.
func (l Library) Skips() []SkipRule {
	var out []SkipRule
	for _, s := range l.skills {
		out = append(out, s.skips...)
	}
	return out
}

// Blocks lists the mitigation blocks of all skills, in order.
func (l Library) Blocks() []Block {
	var out []Block
	for _, s := range l.skills {
		out = append(out, s.blocks...)
	}
	return out
}
