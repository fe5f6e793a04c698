// Waf holds requests against OWASP's core rule set, of which Cloud Armor's preconfigured rules are
// made. It reads an [inspection] in JSON and writes, for each request, the ids of the rules that
// find an attack in it. It is a module of its own, so that nothing else requires the rules.
//
//	go run . <inspection.json
//	go run . -photos FOLDER
//
// The second form counts the photos below a folder in which the six sets find something.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	coreruleset "github.com/corazawaf/coraza-coreruleset/v4"
	"github.com/corazawaf/coraza/v3"
	"github.com/corazawaf/coraza/v3/types"
)

// inspection is what is asked.
type inspection struct {
	// Sets are the names of Cloud Armor's preconfigured rules.
	Sets        []string
	Sensitivity int
	Requests    []request
}

type request struct {
	Method, Target string
	Header         map[string]string
	Body           []byte
}

// files are those of the core rule set 4.22 that a preconfigured rule is made of:
// https://cloud.google.com/armor/docs/waf-rules
var files = map[string]string{
	"sqli-v422-stable":             "REQUEST-942-APPLICATION-ATTACK-SQLI",
	"xss-v422-stable":              "REQUEST-941-APPLICATION-ATTACK-XSS",
	"lfi-v422-stable":              "REQUEST-930-APPLICATION-ATTACK-LFI",
	"rce-v422-stable":              "REQUEST-932-APPLICATION-ATTACK-RCE",
	"scannerdetection-v422-stable": "REQUEST-913-SCANNER-DETECTION",
	"protocolattack-v422-stable":   "REQUEST-921-PROTOCOL-ATTACK",
}

// setup stands before the rules. Sensitivities are the core rule set's levels of paranoia.
const setup = `
SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecAction "id:1,phase:1,pass,nolog,setvar:tx.crs_setup_version=4220,\
	setvar:tx.blocking_paranoia_level=%[1]d,setvar:tx.detection_paranoia_level=%[1]d,\
	setvar:tx.critical_anomaly_score=5,setvar:tx.error_anomaly_score=4,setvar:tx.warning_anomaly_score=3"
`

// inspected is how much of a body Cloud Armor looks at, unless told otherwise:
// https://cloud.google.com/armor/docs/security-policy-overview#post-body
const inspected = 8 << 10

func main() {
	photos := flag.String("photos", "", "the `folder` of the photos to count")
	flag.Parse()
	err := answer()
	if *photos != "" {
		err = count(*photos)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answer() error {
	if flag.NFlag() > 0 {
		return nil
	}
	var asked inspection
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return fmt.Errorf("read what is to be inspected: %w", err)
	}
	waf, err := newWAF(asked.Sets, asked.Sensitivity)
	if err != nil {
		return err
	}
	found := make([][]int, len(asked.Requests))
	for i, r := range asked.Requests {
		if found[i], err = r.inspect(waf); err != nil {
			return fmt.Errorf("%s %s: %w", r.Method, r.Target, err)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}

func newWAF(sets []string, sensitivity int) (coraza.WAF, error) {
	directives := fmt.Sprintf(setup, sensitivity)
	for _, set := range sets {
		file := files[set]
		if file == "" {
			return nil, fmt.Errorf("no file is known of %s", set)
		}
		directives += "Include @owasp_crs/" + file + ".conf\n"
	}
	return coraza.NewWAF(coraza.NewWAFConfig().WithRootFS(coreruleset.FS).WithDirectives(directives))
}

// inspect returns the rules that find something. Bodies in JSON and forms are taken apart. Of
// others Google does not say so, and they are looked at as one value, as far as Cloud Armor reads.
func (r request) inspect(waf coraza.WAF) ([]int, error) {
	tx := waf.NewTransaction()
	defer tx.Close()
	tx.ProcessConnection("198.51.100.7", 50000, "192.0.2.1", 443)
	tx.ProcessURI(r.Target, r.Method, "HTTP/2.0")
	tx.AddRequestHeader("Host", "api.example.com")
	for name, value := range r.Header {
		tx.AddRequestHeader(name, value)
	}
	tx.ProcessRequestHeaders()
	body := r.Body[:min(len(r.Body), inspected)]
	if err := read(tx, r.Header["Content-Type"], body); err != nil {
		return nil, err
	}
	if _, err := tx.ProcessRequestBody(); err != nil {
		return nil, err
	}
	ids := []int{}
	for _, m := range tx.MatchedRules() {
		// The others keep count.
		if slices.Contains(m.Rule().Tags(), "OWASP_CRS") && m.Message() != "" {
			ids = append(ids, m.Rule().ID())
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

var isJSON = regexp.MustCompile(`^application/([a-z.-]+\+)?json\b`)

func read(tx types.Transaction, media string, body []byte) error {
	switch {
	case len(body) == 0:
		return nil
	case isJSON.MatchString(media):
		var value any
		if err := json.Unmarshal(body, &value); err != nil {
			return err
		}
		arguments(tx, "json", value)
		return nil
	case strings.HasPrefix(media, "application/x-www-form-urlencoded"):
		_, _, err := tx.WriteRequestBody(body)
		return err
	}
	tx.AddPostRequestArgument("body", string(body))
	return nil
}

// arguments adds the names and values of a JSON value, as Cloud Armor does with json_parsing.
func arguments(tx types.Transaction, name string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			arguments(tx, name+"."+key, inner)
		}
	case []any:
		for i, inner := range v {
			arguments(tx, fmt.Sprintf("%s.%d", name, i), inner)
		}
	default:
		tx.AddPostRequestArgument(name, fmt.Sprint(v))
	}
}

// count counts the photos, posted as the coach takes them.
func count(folder string) error {
	sets := make([]string, 0, len(files))
	for set := range files {
		sets = append(sets, set)
	}
	waf, err := newWAF(sets, 1)
	if err != nil {
		return err
	}
	photos, refused, by := 0, 0, map[int]int{}
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		kind := strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
		if err != nil || entry.IsDir() || !slices.Contains([]string{"jpg", "jpeg", "png", "webp"}, kind) {
			return err
		}
		photo, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r := request{"POST", "/v1/coach", map[string]string{"Content-Type": "image/" + kind}, photo}
		ids, err := r.inspect(waf)
		photos++
		for _, id := range ids {
			by[id]++
		}
		refused += min(len(ids), 1)
		return err
	})
	if photos == 0 {
		return errors.Join(err, fmt.Errorf("no photo is below %s", folder))
	}
	fmt.Printf("of %d photos %d would be refused, by the rules %v\n", photos, refused, by)
	return err
}
