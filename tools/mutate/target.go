package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// target is a package to mutate.
type target struct {
	path    string // import path
	dir     string
	rapid   bool // its tests use rapid, which would leave failures in testdata
	fset    *token.FileSet
	files   []source
	info    types.Info
	imports types.Importer
}

// source is one file of a package.
type source struct {
	path string
	text []byte
	tree *ast.File
}

// listed is what go list says about a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly                 bool
}

// load reads a package, as it is named from a folder, and its types.
func load(ctx context.Context, folder, name string) (*target, error) {
	packages, err := list(ctx, folder, "-export", "-deps", name)
	if err != nil {
		return nil, err
	}
	p := &target{fset: token.NewFileSet()}
	exports := map[string]string{}
	for _, l := range packages {
		exports[l.ImportPath] = l.Export
		if l.DepOnly {
			continue
		}
		if p.path != "" {
			return nil, fmt.Errorf("%w: %s names several packages", errUsage, name)
		}
		p.path, p.dir = l.ImportPath, l.Dir
		if err := p.read(l.GoFiles); err != nil {
			return nil, err
		}
	}
	p.imports = importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	p.info = types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	if err := p.check(p.trees(), &p.info); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	tests, err := list(ctx, folder, "-test", "-deps", name)
	p.rapid = slices.ContainsFunc(tests, func(l listed) bool { return l.ImportPath == "pgregory.net/rapid" })
	return p, err
}

// list asks go about packages.
func list(ctx context.Context, folder string, args ...string) ([]listed, error) {
	args = append([]string{"list", "-json=ImportPath,Dir,Export,GoFiles,DepOnly"}, args...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = folder
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("go list: %w\n%s", err, exit.Stderr)
	}
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var l listed
		switch err := decoder.Decode(&l); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("read what go list says: %w", err)
		}
		all = append(all, l)
	}
}

func (p *target) read(names []string) error {
	for _, name := range names {
		path := filepath.Join(p.dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(p.fset, path, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		p.files = append(p.files, source{path, text, tree})
	}
	return nil
}

func (p *target) trees() []*ast.File {
	var trees []*ast.File
	for _, f := range p.files {
		trees = append(trees, f.tree)
	}
	return trees
}

// check finds out the types of some files.
func (p *target) check(trees []*ast.File, info *types.Info) error {
	_, err := (&types.Config{Importer: p.imports}).Check(p.path, p.fset, trees, info)
	return err
}

// compiles tells whether the package with a mutant in it is a program. It costs a thousandth of what the compiler does.
func (p *target) compiles(m mutant) bool {
	fset := token.NewFileSet()
	var trees []*ast.File
	for _, f := range p.files {
		text := f.text
		if f.path == m.file {
			text = m.apply(f.text)
		}
		tree, err := parser.ParseFile(fset, f.path, text, parser.SkipObjectResolution)
		if err != nil {
			return false
		}
		trees = append(trees, tree)
	}
	_, err := (&types.Config{Importer: p.imports}).Check(p.path, fset, trees, nil)
	return err == nil
}

// mutants are all changes to the files whose names match.
func (p *target) mutants(only *regexp.Regexp) []mutant {
	var all []mutant
	for _, f := range p.files {
		if !only.MatchString(filepath.Base(f.path)) {
			continue
		}
		finder := &finder{target: p, source: f}
		ast.Inspect(f.tree, finder.visit)
		all = append(all, finder.found...)
	}
	return all
}
