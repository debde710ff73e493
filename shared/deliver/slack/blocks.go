package slack

import (
	"net/url"
	"strings"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/report"
)

// Limits of Slack's messages; ours stay below.
const (
	maxHeader = 150    // characters of a header block
	maxText   = 10_000 // characters of all blocks
	maxBlocks = 45
)

// block is a Block Kit block.
type block map[string]any

// Blocks renders a notice as Block Kit. An approval request gets its buttons only if the whole plan fits into the
// message: nobody is asked to approve what is not shown.
func Blocks(n deliver.Notice) []block {
	d := deliver.Compose(n)
	out, whole := body(d)
	if n.Kind == deliver.Proposal && n.Approval != nil {
		out = append(out, ask(n, whole))
	} else if u := page(n.Link); u != "" {
		out = append(out, actions(block{"type": "button", "action_id": "open", "text": plain("Open the investigation"), "url": u}))
	}
	return append(out, footer(d.Footer))
}

// decidedBlocks is an approval request after its decision: no buttons, the decision instead.
func decidedBlocks(n deliver.Notice) []block {
	d := deliver.Compose(n)
	out, _ := body(d)
	return append(out, rich(section(text("Decision: "+report.Visible(report.Decided(*n.Approval)), true))), footer(d.Footer))
}

// body renders subject, lead and sections, and reports whether all of it fitted.
func body(d deliver.Document) (out []block, whole bool) {
	out = []block{{"type": "header", "text": plain(clip(d.Subject, maxHeader))}}
	room := maxText - len(d.Subject)
	for _, l := range d.Lead {
		room -= len(l)
		out = append(out, rich(section(text(l, false))))
	}
	for _, s := range d.Sections {
		size := len(s.Text())
		if room -= size; room < 0 || len(out) >= maxBlocks {
			out = append(out, rich(section(text("More than fits here; the rest is on the page and in the ticket.", true))))
			return out, false
		}
		out = append(out, rich(elements(s)...))
	}
	return out, true
}

// elements renders a section: bold title, bullets, commands as preformatted text.
func elements(s deliver.Section) []block {
	out := []block{section(text(s.Title, true))}
	for _, i := range s.Items {
		out = append(out, block{"type": "rich_text_list", "style": "bullet", "elements": []block{section(text(i.Text, false))}})
		if i.Command != "" {
			out = append(out, block{"type": "rich_text_preformatted", "elements": []block{text(i.Command, false)}})
		}
		for _, note := range i.Notes {
			out = append(out, block{"type": "rich_text_list", "style": "bullet", "indent": 1, "elements": []block{section(text(note, false))}})
		}
		if u := page(i.Link.URL); u != "" {
			out = append(out, block{"type": "rich_text_list", "style": "bullet", "indent": 1, "elements": []block{section(block{"type": "link", "url": u, "text": i.Link.Text})}})
		}
	}
	return out
}

// ask is the row of buttons: their value is approval id and plan hash, nothing else.
func ask(n deliver.Notice, whole bool) block {
	var buttons []block
	value := n.Approval.ID + " " + n.Approval.PlanHash
	if whole {
		buttons = append(buttons,
			block{"type": "button", "action_id": "approve", "style": "primary", "text": plain("Approve"), "value": value, "confirm": confirm("Approve", n)},
			block{"type": "button", "action_id": "reject", "style": "danger", "text": plain("Reject"), "value": value, "confirm": confirm("Reject", n)})
	}
	if u := page(n.Link); u != "" {
		buttons = append(buttons, block{"type": "button", "action_id": "open", "text": plain("Read the plan"), "url": u})
	}
	if len(buttons) == 0 {
		return rich(section(text("Decide with the link in the mail to the approvers.", false)))
	}
	return actions(buttons...)
}

func confirm(what string, n deliver.Notice) block {
	hash := n.Approval.PlanHash[:min(12, len(n.Approval.PlanHash))]
	return block{
		"title": plain(what + " plan " + hash + "?"), "text": plain("Your name and the time are recorded. Firefinder itself changes nothing."),
		"confirm": plain(what), "deny": plain("Not yet"),
	}
}

func actions(buttons ...block) block { return block{"type": "actions", "elements": buttons} }

func rich(elements ...block) block { return block{"type": "rich_text", "elements": elements} }

func section(elements ...block) block {
	return block{"type": "rich_text_section", "elements": elements}
}

func text(s string, bold bool) block {
	out := block{"type": "text", "text": s}
	if s == "" {
		out["text"] = " "
	}
	if bold {
		out["style"] = map[string]bool{"bold": true}
	}
	return out
}

func plain(s string) block { return block{"type": "plain_text", "text": s, "emoji": false} }

func footer(lines []string) block {
	return block{"type": "context", "elements": []block{plain(clip(strings.Join(lines, "\n"), 1900))}}
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// page is the link if it is one that Slack may show.
func page(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(link) > 3000 {
		return ""
	}
	return link
}

// pressed reads the value of our buttons: approval id and plan hash.
func pressed(value string) (approval, hash string, err error) {
	approval, hash, ok := strings.Cut(value, " ")
	if !ok || approval == "" || len(hash) != 64 || strings.Trim(hash, "0123456789abcdef") != "" || len(approval) > 128 {
		return "", "", incident.Errorf(incident.Invalid, "slack: the button's value is not one of ours")
	}
	return approval, hash, nil
}
