package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// mutant is one change of a file: the bytes from start to end are replaced.
type mutant struct {
	file       string
	line       int
	start, end int
	from, to   string
	run        token.Position // where the coverage shows whether a test runs it; invalid outside of functions
}

// String is where the mutant is and what it changes, on one line.
func (m mutant) String() string {
	place := filepath.Join(filepath.Base(filepath.Dir(m.file)), filepath.Base(m.file))
	return fmt.Sprintf("%s:%d: %s  ->  %s", place, m.line, short(m.from), short(m.to))
}

// short is a text on one line, with its middle left out when it is long.
func short(text string) string {
	const most = 90
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most/2]) + " ... " + string(runes[len(runes)-most/2:])
	}
	if text == "" {
		return "(removed)"
	}
	return text
}

// apply is the file's text with the change in it.
func (m mutant) apply(text []byte) []byte {
	return slices.Concat(text[:m.start], []byte(m.to), text[m.end:])
}

// finder collects the mutants of one file.
type finder struct {
	*target
	source
	found    []mutant
	function ast.Node   // the one that is looked at; nil outside
	switches []ast.Node // with conditions as cases, which no coverage shows: they run when the switch does
}

// text is the source of a node.
func (f *finder) text(n ast.Node) string {
	return string(f.source.text[f.fset.Position(n.Pos()).Offset:f.fset.Position(n.End()).Offset])
}

// replace makes a mutant that has another text where a node is.
func (f *finder) replace(n ast.Node, to string) {
	start := f.fset.Position(n.Pos())
	f.found = append(f.found, mutant{
		file: f.path(), line: start.Line, start: start.Offset, end: f.fset.Position(n.End()).Offset, from: f.text(n), to: to,
		run: f.runAt(n),
	})
}

// runAt is where the coverage shows whether a node is run.
func (f *finder) runAt(n ast.Node) token.Position {
	if f.function == nil || n.Pos() > f.function.End() {
		return token.Position{}
	}
	at := n.Pos()
	for _, s := range slices.Backward(f.switches) {
		for _, clause := range s.(*ast.SwitchStmt).Body.List {
			if clause.Pos() <= at && at < clause.(*ast.CaseClause).Colon {
				at = s.Pos()
			}
		}
	}
	return f.fset.Position(at)
}

func (f *finder) path() string { return f.source.path }

// visit makes the mutants of a node.
func (f *finder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncDecl:
		f.function = n
	case *ast.BinaryExpr:
		f.operator(n)
	case *ast.UnaryExpr:
		if n.Op == token.NOT || n.Op == token.SUB {
			f.replace(n, f.text(n.X))
		}
	case *ast.IfStmt:
		f.condition(n.Cond)
	case *ast.ForStmt:
		if n.Cond != nil {
			f.replace(n.Cond, "("+f.text(n.Cond)+") && false")
		}
	case *ast.SwitchStmt:
		f.switches = append(f.switches, n)
		f.cases(n)
	case *ast.BlockStmt:
		f.statements(n.List)
	case *ast.CaseClause:
		f.statements(n.Body)
	case *ast.CommClause:
		f.statements(n.Body)
	case *ast.ReturnStmt:
		for _, result := range n.Results {
			f.result(result)
		}
	}
	return true
}

// operator exchanges the operator of an expression. What does not compile, as a difference of texts, is left out later.
func (f *finder) operator(n *ast.BinaryExpr) {
	others := map[token.Token][]token.Token{
		token.EQL: {token.NEQ}, token.NEQ: {token.EQL},
		token.LSS: {token.LEQ, token.GEQ}, token.LEQ: {token.LSS, token.GTR},
		token.GTR: {token.GEQ, token.LEQ}, token.GEQ: {token.GTR, token.LSS},
		token.LAND: {token.LOR}, token.LOR: {token.LAND},
		token.ADD: {token.SUB}, token.SUB: {token.ADD}, token.MUL: {token.QUO}, token.QUO: {token.MUL}, token.REM: {token.MUL},
	}
	for _, other := range others[n.Op] {
		// The parts keep their own precedence.
		f.replace(n, "("+f.text(n.X)+") "+other.String()+" ("+f.text(n.Y)+")")
	}
}

// condition lets a branch be taken always, never, and when it should not be.
func (f *finder) condition(n ast.Expr) {
	text := "(" + f.text(n) + ")"
	f.replace(n, text+" || true")
	f.replace(n, text+" && false")
	if _, ok := ast.Unparen(n).(*ast.BinaryExpr); ok && !f.compares(n) {
		f.replace(n, "!"+text)
	}
}

// compares tells whether a condition is one comparison, which another mutant negates.
func (f *finder) compares(n ast.Expr) bool {
	b, ok := ast.Unparen(n).(*ast.BinaryExpr)
	return ok && b.Op != token.LAND && b.Op != token.LOR
}

// cases switches off the cases of a switch one by one, and those of a switch without a value on.
func (f *finder) cases(n *ast.SwitchStmt) {
	for _, clause := range n.Body.List {
		for _, e := range clause.(*ast.CaseClause).List {
			if n.Tag == nil {
				f.replace(e, "("+f.text(e)+") || true")
				f.replace(e, "("+f.text(e)+") && false")
			}
		}
	}
}

// statements leaves out statements. What a statement works out is still worked out where its variables must be used.
func (f *finder) statements(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt:
			if !logs(f.text(s)) {
				f.replace(s, "")
			}
		case *ast.AssignStmt:
			f.assignment(s)
		case *ast.DeferStmt, *ast.IncDecStmt, *ast.SendStmt, *ast.GoStmt:
			f.replace(s, "")
		case *ast.BranchStmt:
			if s.Tok == token.CONTINUE || s.Tok == token.BREAK {
				f.replace(s, "")
			}
		}
	}
}

// logs tells whether a statement only writes to the log, whose words no test need know.
func logs(text string) bool {
	return regexp.MustCompile(`^[\w.]*(?i:log|logger)\.(Debug|Info|Warn|Error|Log)\w*\(`).MatchString(text)
}

// assignment works the values out and keeps none of them.
func (f *finder) assignment(s *ast.AssignStmt) {
	if s.Tok == token.DEFINE {
		return
	}
	var values, blanks []string
	for _, value := range s.Rhs {
		values = append(values, f.text(value))
	}
	for _, variable := range s.Lhs {
		if name, ok := variable.(*ast.Ident); ok && name.Name == "_" && len(s.Lhs) == 1 {
			return
		}
		blanks = append(blanks, "_")
	}
	f.replace(s, strings.Join(blanks, ", ")+" = "+strings.Join(values, ", "))
}

// result returns the zero value instead of a result, and the opposite of a truth.
func (f *finder) result(n ast.Expr) {
	known, ok := f.info.Types[n]
	if !ok || known.Type == nil {
		return
	}
	zero := ""
	switch t := known.Type.Underlying().(type) {
	case *types.Basic:
		switch {
		case t.Info()&types.IsBoolean != 0:
			zero = "!(" + f.text(n) + ")"
			if f.compares(n) {
				return // its operator is changed anyway
			}
		case t.Info()&types.IsNumeric != 0:
			zero = "0"
		case t.Info()&types.IsString != 0:
			zero = `""`
		}
	case *types.Pointer, *types.Slice, *types.Map, *types.Interface, *types.Signature, *types.Chan:
		zero = "nil"
	case *types.Struct:
		zero = f.composite(known.Type)
	}
	if zero != "" && f.text(n) != zero && !known.IsNil() {
		f.replace(n, zero)
	}
}

// composite is the zero value of a struct as this package writes it; "" when it has no name here.
func (f *finder) composite(t types.Type) string {
	text := types.TypeString(t, func(p *types.Package) string {
		if p.Path() == f.target.path {
			return ""
		}
		return p.Name()
	})
	if strings.Contains(text, "struct") {
		return ""
	}
	return text + "{}"
}
