package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// screen prints progress: on a terminal with colour and one live line, elsewhere plain lines. It is safe for concurrent
// use.
type screen struct {
	mu      sync.Mutex
	out     io.Writer
	live    bool // the writer is a terminal
	colour  bool
	waiting string
	width   int
}

func newScreen(out io.Writer) *screen {
	s := &screen{out: out, width: 100}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.live = os.Getenv("TERM") != "dumb"
		s.colour = s.live && os.Getenv("NO_COLOR") == ""
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 40 {
			s.width = w
		}
	}
	return s
}

const (
	bold   = "1"
	faint  = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	blue   = "36"
)

// paint colours text, if the screen has colours.
func (s *screen) paint(code, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// line prints one line above the live line.
func (s *screen) line(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	fmt.Fprintf(s.out, format+"\n", args...)
	s.draw()
}

// wrap prints text in lines that fit, each after an indent.
func (s *screen) wrap(indent, text string) { s.item(indent, "", text) }

// item prints text in lines that fit: the first after a label, the others below its text.
func (s *screen) item(indent, label, text string) {
	if label != "" {
		label = fmt.Sprintf("%-4s ", label)
	}
	room := min(s.width, 110) - len(indent) - len(label)
	var row strings.Builder
	flush := func() {
		if row.Len() > 0 {
			s.line("%s%s%s", indent, label, row.String())
			label = strings.Repeat(" ", len(label))
			row.Reset()
		}
	}
	for _, word := range strings.Fields(text) {
		if row.Len() > 0 && row.Len()+1+len(word) > room {
			flush()
		}
		if row.Len() > 0 {
			row.WriteByte(' ')
		}
		row.WriteString(word)
	}
	flush()
}

// heading starts a section.
func (s *screen) heading(text string) { s.line("\n%s", s.paint(bold, text)) }

// wait shows what is being waited for: a line that a terminal overwrites, or one plain line.
func (s *screen) wait(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.live {
		if text != "" && text != s.waiting {
			fmt.Fprintln(s.out, "  "+text)
		}
		s.waiting = text
		return
	}
	s.clear()
	s.waiting = text
	s.draw()
}

func (s *screen) clear() {
	if s.live && s.waiting != "" {
		fmt.Fprint(s.out, "\r\x1b[2K")
	}
}

func (s *screen) draw() {
	if s.live && s.waiting != "" {
		text := "  " + s.waiting
		if len(text) > s.width-1 {
			text = text[:s.width-1]
		}
		fmt.Fprint(s.out, s.paint(faint, text))
	}
}

// since formats a duration for people.
func since(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
