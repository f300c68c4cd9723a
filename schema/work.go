package schema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"regexp/syntax"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/typedkafka/kafka/internal/guard"
)

// jsonschema/v5 remembers nothing while it validates and can't be stopped: a chain of $ref that doubles 30 times, a recursive oneOf, a
// large enum behind a long array run for minutes on a few bytes. So its work is reckoned before it starts, in units of about 100 ns,
// and a document that would pass the limit is refused with the rule "work".
//
// The reckoning has two steps. At compile, the schema gives an upper bound for one value of any document (worstCase); times the number
// of values that the guard has counted, it lets nearly every message pass at the price of one multiplication. Only where that is over the
// limit, the document is walked once with all schemas that v5 would apply at each place (reckoner), which is exact but for keywords that
// depend on other verdicts, and these are counted as applied.

const (
	// defaultWork is the limit for one document: 5 s of v5 at the very worst, where everything fails, and a fraction of it else. A
	// message of 1 MB under a common schema takes a tenth of it.
	defaultWork = 50_000_000
	// maxChain bounds schemas that apply to one value through each other ($ref, allOf, …), found at compile: v5's work grows with the
	// cube (500 of them: 0.8 s for the document 1; 1,000: 5 s).
	maxChain = 100
	// maxCalls bounds how many schemas apply to one value, found at compile: a chain of $ref that doubles 16 times takes v5 163 ms for
	// the document 1.
	maxCalls = 20_000
	// maxLevels is how far multiplication is followed: the guard lets no document be deeper.
	maxLevels = 65
)

// MaxWork sets the limit on the work for one document, in units of about 100 ns of jsonschema/v5. Defaults to 50,000,000. What a
// schema and a document take is reckoned before the check; beyond the limit the document is refused with the rule "work".
func MaxWork(units int) CompileOption { return func(c *compileConfig) { c.work = units } }

// A price is what one call of v5 for one value costs, without the calls that follow from it.
type price struct {
	call      float64 // for each call
	perMember float64 // for each item or property of the value
	perByte   float64 // for each byte of a string, or of a property's name
	number    float64 // for a number; bounds and enums make it a fraction first
}

// The prices were measured on families of schemas that explode (work_test.go), with v5 v5.3.1. A call that fails costs most of it: v5
// words every error, with the whole path to it, when it happens.
const (
	callPrice     = 15
	failPrice     = 30
	requiredPrice = 9  // for each name that may be missing
	numberPrice   = 20 // to read a number as a fraction, and a bound to compare it with
)

func (n *node) setPrice() {
	s := n.schema
	p := price{call: callPrice + failPrice, perMember: 1 + float64(len(n.inPlace))/2, number: numberPrice}
	p.call += requiredPrice * float64(len(s.Required))
	p.call += float64(len(s.Properties)+len(s.DependentRequired)+len(s.DependentSchemas)+len(s.Dependencies)) / 2
	for _, list := range s.DependentRequired {
		p.call += requiredPrice * float64(len(list))
	}
	for _, member := range append(s.Enum[:len(s.Enum):len(s.Enum)], s.Constant...) {
		size, numbers := weigh(member)
		p.call += 1 + size/200
		p.number += 1.5 * numberPrice * numbers
	}
	for _, c := range s.Constant { // its error prints it
		size, _ := weigh(c)
		p.call += size / 2
	}
	for _, bound := range []*big.Rat{s.Minimum, s.Maximum, s.ExclusiveMinimum, s.ExclusiveMaximum, s.MultipleOf} {
		if bound != nil {
			p.number += numberPrice / 4
		}
	}
	if s.Pattern != nil {
		p.perByte += patternPrice(s.Pattern.String())
		p.call += float64(len(s.Pattern.String())) / 2
	}
	for _, e := range n.patterns {
		p.perMember += 2
		p.perByte += patternPrice(e.re.String())
	}
	p.perByte += textPrice(s)
	n.price = p
}

// textPrice is what length, format and content cost for a byte. Format "regex" compiles what the document holds: 7 bytes ("x{1000}")
// become 1,000 instructions.
func textPrice(s *jsonschema.Schema) float64 {
	switch {
	case s.Format == "regex" || s.RegexProperties:
		return 1000
	case s.ContentEncoding != "" || s.ContentMediaType != "":
		return 10
	case s.Format != "" || s.MinLength > 0 || s.MaxLength >= 0:
		return 0.1
	}
	return 0.01
}

// patternPrice is for a byte of text: RE2 is linear in the text and in the size of the program.
func patternPrice(text string) float64 {
	re, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return 1
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return 1
	}
	return 0.2 + float64(len(prog.Inst))/50
}

// weigh gives the bytes of a schema's constant and how many of its values are numbers, which v5 parses anew for each comparison.
func weigh(v any) (size, numbers float64) {
	add := func(v any) {
		s, n := weigh(v)
		size, numbers = size+s, numbers+n
	}
	switch v := v.(type) {
	case string:
		return float64(len(v)), 0
	case json.Number:
		return float64(len(v)), 1
	case []any:
		for _, item := range v {
			add(item)
		}
	case map[string]any:
		for name, item := range v {
			size += float64(len(name))
			add(item)
		}
	}
	return size + 8, numbers
}

// An allowance is the static side of the bound.
type allowance struct {
	limit  float64
	memory int // bytes, beyond a multiple of the document's
	// What one value of a document costs at most, whatever the document: infinite where schemas multiply on the way down.
	perValue, perByte, calls float64
	chain                    int  // calls that are open at once for one value
	unique                   bool // uniqueItems: its work may grow with the square of the items
}

func (g *graph) allow(work, memory int) allowance {
	a := allowance{limit: float64(work), memory: memory}
	for i, times := range g.worstCase() {
		n := g.nodes[i]
		a.calls += times
		a.perValue += times * (n.price.call + n.price.perMember + n.price.number)
		a.perByte += times * n.price.perByte
		a.chain = max(a.chain, n.chain+1)
		a.unique = a.unique || n.schema.UniqueItems
	}
	return a
}

// worstCase bounds, for each node, how often v5 can call it for one value of a document.
func (g *graph) worstCase() []float64 {
	most := make([]float64, len(g.nodes))
	now := make([]float64, len(g.nodes))
	now[g.root.order] = 1
	for range maxLevels {
		g.spread(now)
		grows, sum := false, 0.0
		for i, x := range now {
			grows = grows || x > most[i]
			most[i] = max(most[i], x)
			sum += most[i]
		}
		if !grows || sum > 1e12 {
			break
		}
		now = g.descend(now)
	}
	return most
}

// spread follows the edges that stay at the same value.
func (g *graph) spread(times []float64) {
	for i, n := range g.nodes {
		if times[i] > 0 && n.schema.Always == nil {
			for _, e := range n.inPlace {
				times[e.to.order] += times[i]
			}
		}
	}
}

// descend follows the edges to a child. A child has one name or one index, so a schema that stands under many names counts once.
func (g *graph) descend(times []float64) []float64 {
	next := make([]float64, len(times))
	for i, n := range g.nodes {
		if times[i] == 0 {
			continue
		}
		once := map[*node]bool{n.additional: true, n.items: true}
		for _, to := range n.named {
			once[to] = true
		}
		for _, to := range n.prefix {
			once[to] = true
		}
		for to := range once {
			if to != nil {
				next[to.order] += times[i]
			}
		}
		for _, e := range n.patterns {
			next[e.to.order] += times[i]
		}
		for _, to := range []*node{n.names, n.openNames, n.contains, n.openItems} {
			if to != nil {
				next[to.order] += times[i]
			}
		}
	}
	return next
}

// covers says whether the worst case of a document of that shape stays within the limit.
func (a *allowance) covers(st guard.Stats, size int) bool {
	if a.unique && st.Values > 1000 || st.Exponents && st.Values > 10_000 {
		return false
	}
	values := float64(st.Values + st.Names)
	perCall := pathPrice(st.Path) + scopePrice((st.Depth+1)*a.chain)
	number := 1.0
	if st.Exponents {
		number = exponentPrice
	}
	return values*(a.perValue*number+a.calls*perCall)+float64(size)*a.perByte <= a.limit
}

// exponentPrice is how much dearer a fraction of 300 digits is than a short one.
const exponentPrice = 20

// pathPrice is for the pointer that v5 builds anew for every child, escaped to three times its length at most.
func pathPrice(bytes int) float64 { return float64(bytes) / 16 }

// scopePrice is for the list of open schemas that v5 copies and prints: depth times depth.
func scopePrice(open int) float64 { return float64(open) * float64(open) / 30 }

// vet refuses at compile what no document could be checked against in bounded time.
func (g *graph) vet() *Fault {
	if g.loop != nil {
		return &Fault{InstancePath: pointerOf(g.loop.schema), Rule: "$ref",
			Message: "leads back to itself without going into the document, so that a check would never end"}
	}
	for _, n := range g.nodes {
		if n.chain >= maxChain {
			return &Fault{InstancePath: pointerOf(n.schema), Rule: "work", Expected: fmt.Sprintf("at most %d", maxChain),
				Message: fmt.Sprintf("applies more than %d schemas to one value through each other ($ref, allOf, …): join some", maxChain)}
		}
	}
	for _, n := range g.nodes {
		if e := n.schema.Enum; e != nil && len(e) == 0 {
			return &Fault{InstancePath: pointerOf(n.schema) + "/enum", Rule: "enum", Message: emptyEnum}
		}
		n.setPrice()
	}
	for i, calls := range g.callsPerValue() {
		if calls > maxCalls {
			return &Fault{InstancePath: pointerOf(g.nodes[i].schema), Rule: "work", Expected: fmt.Sprintf("at most %d", maxCalls),
				Message: fmt.Sprintf("applies more than %d schemas to one value, since references multiply", maxCalls)}
		}
	}
	return nil
}

// callsPerValue gives, for each node, how many calls for one value follow from one call of it, itself included.
func (g *graph) callsPerValue() []float64 {
	calls := make([]float64, len(g.nodes))
	for i := len(g.nodes) - 1; i >= 0; i-- { // children first
		calls[i] = 1
		for _, e := range g.nodes[i].inPlace {
			calls[i] += calls[e.to.order]
		}
	}
	return calls
}

// documentOf is the URI of the document that a schema stands in.
func documentOf(s *jsonschema.Schema) string {
	uri, _, _ := strings.Cut(s.Location, "#")
	return uri
}

// pointerOf is where a schema stands: a JSON Pointer in the main document, or a URI with one.
func pointerOf(s *jsonschema.Schema) string {
	uri, fragment, _ := strings.Cut(s.Location, "#")
	if uri == mainURI {
		return unescapePath(fragment)
	}
	return uri + "#" + unescapePath(fragment)
}

// unescapePath undoes the percent signs that v5 puts into its pointers.
func unescapePath(pointer string) string {
	if !strings.Contains(pointer, "%") {
		return pointer
	}
	plain, err := url.PathUnescape(pointer)
	if err != nil {
		return pointer
	}
	return plain
}
