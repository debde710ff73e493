package redact
import ("testing";"strings";"math/rand/v2";"encoding/json";"encoding/base64";"net/url";"os";"time";"fmt";"path/filepath")
func TestWrap(t *testing.T){ r:=New(nil)
 wraps:=map[string]func(string)string{
 "log":func(s string)string{return `2026-11-03T02:14:07Z INFO [main] request_id=8f5c1d3e-6a44-4c52-9a77-0f1b6f2f9c11 msg="`+s+`" status=200`},
 "json":func(s string)string{b,_:=json.Marshal(map[string]any{"level":"info","message":s,"n":1});return string(b)},
 "json2":func(s string)string{b,_:=json.Marshal(map[string]any{"level":"info","message":s,"n":1});b,_=json.Marshal(map[string]string{"log":string(b)});return string(b)},
 "paren":func(s string)string{return "failed ("+s+")"},
 "dots":func(s string)string{return "got "+s+"..."},
 "comma":func(s string)string{return "a=1, "+s+", b=2"},
 "semi":func(s string)string{return s+"; next"},
 "li":func(s string)string{return "<li>"+s+"</li>"},
 "url":func(s string)string{return "body="+url.QueryEscape(s)},
 "b64":func(s string)string{return "x "+base64.StdEncoding.EncodeToString([]byte(s))},
 "crlf":func(s string)string{return "a\r\n"+s+"\r\nb"},
 "sq":func(s string)string{return "'"+s+"'"},
 "tab":func(s string)string{return "x\t"+s+"\ty"},
 "goq":func(s string)string{return fmt.Sprintf("msg=%q",s)},
 }
 for wn,w:=range wraps{ for _,c:=range secretCases{ bad:=0; ex:=""
  for seed:=range uint64(20){ line,secret:=c.make(dice{rand.New(rand.NewPCG(seed,5))}); l:=w(line); g:=r.Text(l)
   enc:=secret; if wn=="url"{enc=url.QueryEscape(secret)}; if wn=="b64" {enc=base64.StdEncoding.EncodeToString([]byte(line))}
   if lc:=longestCommon(g,enc); lc>=max(6,len(enc)/2){bad++;ex=l} }
  if bad>0 {fmt.Println(wn,"|",c.name,bad,"|",strings.ReplaceAll(ex[:min(len(ex),200)],"\n","~"))}}}
}
func TestSpeed(t *testing.T){ fs,_:=filepath.Glob("/tmp/ff/fp/nz/log/*.csv"); n:=0; var d time.Duration; r:=New(nil)
 for _,f:=range fs[:min(len(fs),12)]{b,_:=os.ReadFile(f);s:=string(b);t0:=time.Now();r.Text(s);d+=time.Since(t0);n+=len(b)}
 fmt.Printf("%d bytes %.1f MB/s\n",n,float64(n)/1e6/d.Seconds())}
