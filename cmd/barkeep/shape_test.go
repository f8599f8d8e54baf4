package main_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// TestStatusHasOneShape holds what the command prints to what a worker answers, field by field.
func TestStatusHasOneShape(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := append(slotEnv(t, e, provider(t, []string{later}))(0), "CATCH_UP_WINDOW=1s")
			barkeep(t, env, "sync").must(t, 0)
			worker := serve(t, env)
			var asked, printed map[string]any
			get(t, worker.url+"/status", &asked)
			if err := json.Unmarshal([]byte(barkeep(t, env, "status", "--json").must(t, 0).stdout), &printed); err != nil {
				t.Fatal(err)
			}
			sameKeys(t, "status", asked, printed)
			for _, part := range []string{"started", "checks", "provider"} {
				if asked[part] == nil || printed[part] != nil {
					t.Errorf("%s is %v over HTTP, and %v on the command line, want null", part, asked[part], printed[part])
				}
			}
			for _, part := range []string{"archive", "exists", "schema", "latest_schema"} {
				if asked[part] != nil || printed[part] == nil {
					t.Errorf("%s is %v over HTTP, want null, and %v on the command line", part, asked[part], printed[part])
				}
			}
		})
	}
}

// sameKeys compares the names of fields, also of the first entry of each list, where both have a value.
func sameKeys(t *testing.T, path string, asked, printed any) {
	t.Helper()
	switch a := asked.(type) {
	case map[string]any:
		p, ok := printed.(map[string]any)
		if !ok {
			if printed != nil {
				t.Errorf("%s is %v over HTTP and %v on the command line", path, asked, printed)
			}
			return
		}
		if got, want := slices.Sorted(maps.Keys(p)), slices.Sorted(maps.Keys(a)); !slices.Equal(got, want) {
			t.Errorf("%s has %v on the command line, %v over HTTP", path, got, want)
		}
		for name := range a {
			sameKeys(t, path+"."+name, a[name], p[name])
		}
	case []any:
		if p, ok := printed.([]any); ok && len(a) > 0 {
			if len(p) == 0 {
				t.Errorf("%s is empty on the command line", path)
				return
			}
			sameKeys(t, path+"[0]", a[0], p[0])
		}
	}
}
