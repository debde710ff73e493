// Package skill reads skills: directories with a SKILL.md (what to know and when, rules for triage) and, where a skill
// can help to mitigate, a mitigations.yaml. Rules are CEL expressions over the event: typed, without side effects, and
// bounded in cost.
package skill

import (
	"bytes"
	"errors"
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
	Name        string   `yaml:"name"`
	Description string   `yaml:"description"`
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

// Load reads every directory of fsys that holds a SKILL.md. All faults are reported at once, each with file and place.
func Load(fsys fs.FS) (Library, error) {
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
		s, err := load(fsys, e.Name())
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

func load(fsys fs.FS, dir string) (Skill, error) {
	file := path.Join(dir, "SKILL.md")
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return Skill{}, err
	}
	head, text, ok := split(data)
	if !ok {
		return Skill{}, incident.Errorf(incident.Invalid, "%s:1: must begin with frontmatter between two lines of ---", file)
	}
	var fm frontmatter
	dec := yaml.NewDecoder(bytes.NewReader(head))
	dec.KnownFields(true)
	if err := dec.Decode(&fm); err != nil {
		return Skill{}, incident.Errorf(incident.Invalid, "%s: %s", file, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	s := Skill{Name: fm.Name, Description: fm.Description, Version: fm.Metadata.Version, AgentTypes: fm.Metadata.AgentTypes, Text: string(text)}
	var faults []error
	if !skillName.MatchString(fm.Name) || fm.Name != dir {
		faults = append(faults, incident.Errorf(incident.Invalid, "%s: name must be the directory's name, in lower case, digits and hyphens", file))
	}
	if n := len(fm.Description); n == 0 || n > 1024 {
		faults = append(faults, incident.Errorf(incident.Invalid, "%s: description must have 1 to 1024 characters", file))
	}
	for _, y := range fm.Metadata.Skip {
		rule, err := y.compile(file, fm.Name, head)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		s.skips = append(s.skips, rule)
	}
	s.blocks, err = loadBlocks(fsys, path.Join(dir, "mitigations.yaml"), fm.Name)
	return s, errors.Join(append(faults, err)...)
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
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&blocks); err != nil {
		return nil, incident.Errorf(incident.Invalid, "%s: %s", file, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var faults []error
	for i := range blocks {
		blocks[i].Skill = skill
		if why := blocks[i].fault(); why != "" {
			faults = append(faults, incident.Errorf(incident.Invalid, "%s: block %q: %s", file, blocks[i].Name, why))
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
