package redact

import "strings"

// short flags that carry a credential, by the program whose they are.
var shortFlags = []struct {
	programs []string
	flag     string // " -p" with the value attached or behind a blank
	pair     bool   // the value is user:password; the password alone goes
}{
	{[]string{"mysql", "mariadb", "mysqldump", "mysqladmin", "sshpass", "docker login", "podman login", "helm registry login", "az login", "7z ", "mongosh", "mongo ", "cqlsh"}, "-p", false},
	{[]string{"redis-cli"}, "-a", false},
	{[]string{"ldapsearch", "ldapmodify", "ldapadd", "snowsql"}, "-w", false},
	{[]string{"sqlcmd", "bcp ", "mosquitto_"}, "-P", false},
	{[]string{"curl", "wget", "http "}, "-u", true},
	{[]string{"curl", "wget"}, "--user", true},
	{[]string{"curl", "wget"}, "--proxy-user", true},
}

// commands marks secrets on command lines (--password X, mysql -pX, curl -u user:X), in Dockerfiles (ENV NAME X), in
// .netrc (login X password Y) and SQL (IDENTIFIED BY 'X').
func commands(m *marks) {
	s := m.text
	for start := 0; start < len(s); {
		end := start
		if k := strings.IndexByte(s[start:], '\n'); k >= 0 {
			end = start + k
		} else {
			end = len(s)
		}
		m.line(start, end)
		start = end + 1
	}
}

func (m *marks) line(start, end int) {
	l := m.text[start:end]
	if strings.Contains(l, " -") {
		m.longFlags(start, end)
		for _, f := range shortFlags {
			m.shortFlag(l, start, f.programs, f.flag, f.pair)
		}
	}
	if k := strings.Index(l, "ENV "); k >= 0 {
		name := slug.run(l, k+4)
		if c := classify(l[k+4 : name]); c > weak && name < len(l) && l[name] == ' ' {
			m.tell(start+name+1, c)
		}
	}
	if strings.Contains(l, "login ") {
		if k := strings.Index(l, " password "); k >= 0 {
			m.tell(start+k+len(" password "), password)
		}
	}
	if k := strings.Index(l, " AUTH "); k >= 0 && strings.Contains(l, "redis") {
		m.tell(start+k+len(" AUTH "), password)
	}
	if strings.Contains(l, "SecureString") {
		if k := strings.Index(l, "--value "); k >= 0 {
			m.tell(start+k+len("--value "), password)
		}
	}
	m.directive(l, start)
	m.sql(l, start)
	m.pgpass(l, start)
	m.together(l, start)
}

// directives begin lines of configurations and protocols whose next word is a credential.
var directives = []string{"requirepass ", "masterauth ", "bindpw ", "rootpw ", "PASS ", "AUTH LOGIN ", "AUTH PLAIN "}

func (m *marks) directive(l string, offset int) {
	at := 0
	for at < len(l) && strings.IndexByte(" \t>", l[at]) >= 0 {
		at++
	}
	for _, d := range directives {
		if !strings.HasPrefix(l[at:], d) {
			continue
		}
		from, to, _ := literal(l, at+len(d), look)
		if v := l[from:to]; strings.TrimSpace(l[to:]) == "" && password.tells(v, true) && (d != "PASS " || alike(v)) {
			m.add(offset+from, offset+to)
		}
	}
}

// tell marks the literal at i if it tells a secret.
func (m *marks) tell(i int, c class) {
	from, to, quoted := literal(m.text, i, 4096)
	if c.tells(m.text[from:to], quoted) {
		m.add(from, to)
	}
}

func (m *marks) longFlags(start, end int) {
	s := m.text
	for i := start; i < end; {
		k := strings.Index(s[i:end], "-")
		if k < 0 {
			return
		}
		i += k
		dash := i
		for i < end && s[i] == '-' {
			i++
		}
		name := slug.run(s, i)
		if dash > 0 && s[dash-1] != ' ' && s[dash-1] != '"' && s[dash-1] != '\'' || name >= end || name == i {
			continue
		}
		at := name
		for at < end && at < name+6 && strings.IndexByte(" \",'", s[at]) >= 0 { // also ["--token", "x"]
			at++
		}
		c := classify(s[i:name])
		if at > name && c > weak && s[at] != '-' && (c == password || i-dash == 2) {
			from, to, quoted := literal(s, at, look)
			if strings.IndexByte("\"'", s[at-1]) >= 0 {
				quoted = true
			}
			if c.tells(s[from:to], quoted) {
				m.add(from, to)
			}
		}
		i = name
	}
}

func (m *marks) shortFlag(l string, offset int, programs []string, flag string, pair bool) {
	for _, p := range programs {
		k := strings.Index(l, p)
		if k < 0 {
			continue
		}
		f := strings.Index(l[k:], " "+flag)
		if f < 0 {
			continue
		}
		at := k + f + 1 + len(flag)
		blank := skipBlanks(l, at, 2)
		if at < len(l) && l[at] == '=' {
			blank = at + 1
		}
		if p == "mysql" && blank > at || blank >= len(l) || blank == at && len(flag) > 2 {
			continue // mysql -p alone asks; what follows a blank is the database
		}
		from, to, _ := literal(l, blank, look)
		if pair {
			colon := strings.IndexByte(l[from:to], ':')
			if colon < 0 {
				continue
			}
			from += colon + 1
		}
		if v := l[from:to]; v != "" && !reference(v) && !(pair && strings.HasPrefix(v, "//")) && v[0] != '-' && !digits.all(v) {
			m.add(offset+from, offset+to)
		}
	}
}

// sql marks IDENTIFIED BY 'x', PASSWORD 'x' and SET PASSWORD FOR u = 'x'.
func (m *marks) sql(l string, offset int) {
	for i := 0; i < len(l); i++ {
		if c := lower(l[i]); c != 'p' && c != 'i' || !boundary(l, i) {
			continue
		}
		if hasFold(l[i:], "password for ") {
			if k := strings.Index(l[i:], "= '"); k > 0 {
				m.tell(offset+i+k+2, password)
			}
		}
		for _, p := range []string{"password ", "identified by ", "identified by password "} {
			at := i + len(p)
			if hasFold(l[i:], p) && at < len(l) && (l[at] == '\'' || l[at] == '"') {
				if from, to, _ := literal(l, at, look); to > from && !strings.Contains(l[from:to], " ") && password.tells(l[from:to], true) {
					m.add(offset+from, offset+to)
				}
			}
		}
	}
}

var fieldStops = bytesOf(" \t\r\"'<>(),;/{}")

// pgpass marks the last field of host:port:database:user:password.
func (m *marks) pgpass(l string, offset int) {
	for i := 0; i < len(l); {
		end, colons := i, 0
		for end < len(l) && !fieldStops[l[end]] {
			if l[end] == ':' {
				colons++
			}
			end++
		}
		if colons == 4 {
			parts := strings.Split(l[i:end], ":")
			host := strings.Contains(parts[0], ".") || parts[0] == "localhost" || parts[0] == "*"
			port := parts[1] == "*" || digits.all(parts[1]) && parts[1] != ""
			if pass := parts[4]; host && port && !digits.all(parts[2]) && len(pass) >= 4 && !digits.all(pass) {
				m.add(offset+end-len(pass), offset+trimDots(l, end))
			}
		}
		i = end + 1
	}
}
