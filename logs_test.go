package kafka_test

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A logLine is a line of the log: its level and message, with the names of its attributes in order.
type logLine struct {
	level, message string
	attributes     string
}

// documentedLines are the rows of docs/logs.md.
func documentedLines(t *testing.T) (lines []logLine) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("docs", "logs.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range regexp.MustCompile("(?m)^\\| ([A-Z]+) \\| `([^|]+)` \\| ([^|]*) ?\\| [^|]+ \\|$").FindAllStringSubmatch(string(text), -1) {
		lines = append(lines, logLine{row[1], row[2], inOrder(strings.Split(strings.NewReplacer("`", "", " ", "").Replace(row[3]), ",")...)})
	}
	return lines
}

func inOrder(names ...string) string { return strings.Join(slices.Sorted(slices.Values(names)), " ") }

// loggers are the types whose methods log, with the attributes that all their lines have.
var loggers = map[string][]string{
	"reader": {"topic", "group"}, "runner": {"topic", "group"},
	"connection": {"client", "brokers"}, "faults": {"client", "brokers"},
	"sender": {}, "throttling": nil, "ensuring": nil, "": nil,
}

// writtenLines finds the lines that the source writes.
func writtenLines(t *testing.T) (lines []logLine) {
	t.Helper()
	files, _ := filepath.Glob("*.go")
	fset := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			ast.Inspect(decl, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					if line, ok := lineOf(t, fset, decl, call); ok {
						lines = append(lines, line)
					}
				}
				return true
			})
		}
	}
	return lines
}

// lineOf reads a call of slog, if it is one.
func lineOf(t *testing.T, fset *token.FileSet, within ast.Decl, call *ast.CallExpr) (logLine, bool) {
	t.Helper()
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 || !slices.Contains([]string{"Debug", "Info", "Warn", "Error"}, method.Sel.Name) {
		return logLine{}, false
	}
	where := fset.Position(call.Pos())
	always, known := loggers[receiverOf(within)]
	if !known {
		t.Errorf("%s: say in this test which attributes the lines of %s have", where, receiverOf(within))
	}
	names := slices.Clone(always)
	for i := 1; i < len(call.Args); i += 2 {
		names = append(names, text(t, fset, call.Args[i]))
	}
	return logLine{strings.ToUpper(method.Sel.Name), text(t, fset, call.Args[0]), inOrder(names...)}, true
}

// receiverOf is the type that a method is of; "" for a function.
func receiverOf(decl ast.Decl) string {
	f, ok := decl.(*ast.FuncDecl)
	if !ok || f.Recv == nil {
		return ""
	}
	name, _ := strings.CutPrefix(types.ExprString(f.Recv.List[0].Type), "*")
	return name
}

// text is the value of a text in the source. Lines are to be found there, so it must be a constant.
func text(t *testing.T, fset *token.FileSet, e ast.Expr) string {
	t.Helper()
	v, err := types.Eval(fset, nil, token.NoPos, types.ExprString(e))
	if err != nil || v.Value == nil || v.Value.Kind() != constant.String {
		t.Errorf("%s: %s is no constant text", fset.Position(e.Pos()), types.ExprString(e))
		return ""
	}
	return constant.StringVal(v.Value)
}

// Every line that the source writes is in the table of docs/logs.md, with its level and its attributes, and no other is; each is written
// at one place.
func TestLogsAreDocumented(t *testing.T) {
	t.Parallel()
	documented, written := documentedLines(t), writtenLines(t)
	if len(written) < 30 {
		t.Fatalf("%d lines were found in the source", len(written))
	}
	count := func(lines []logLine) map[logLine]int {
		n := make(map[logLine]int)
		for _, l := range lines {
			n[l]++
		}
		return n
	}
	inTable, inSource := count(documented), count(written)
	for l := range maps.Keys(inSource) {
		if inTable[l] != 1 || inSource[l] != 1 {
			t.Errorf("the source has %d times, and the table %d times: %q", inSource[l], inTable[l], l)
		}
	}
	for l := range maps.Keys(inTable) {
		if inSource[l] == 0 {
			t.Errorf("the table has a line that the source has not: %q", l)
		}
	}
}
