package api

import (
	"context"
	"net/http"
	"strconv"

	"barkeep/query"
	"barkeep/server"
	"barkeep/server/view"
	"barkeep/store"
)

type datasetsAnswer struct {
	Datasets []view.Dataset `json:"datasets"`
}

// listDatasets shows what is pinned, by name.
func (a *API) listDatasets(c *call, _ *nothing) (datasetsAnswer, error) {
	all, err := a.Past.DatasetList(c.r.Context())
	shown := datasetsAnswer{[]view.Dataset{}}
	for _, d := range all {
		shown.Datasets = append(shown.Datasets, a.dataset(c.r.Context(), d))
	}
	return shown, err
}

type datasetInput struct {
	Name string `path:"name" example:"before-the-roll" doc:"Of the dataset."`
}

// oneDataset shows one.
func (a *API) oneDataset(c *call, p *datasetInput) (view.Dataset, error) {
	all, err := a.Past.DatasetList(c.r.Context())
	if err != nil {
		return view.Dataset{}, err
	}
	for _, d := range all {
		if d.Name == p.Name {
			return a.dataset(c.r.Context(), d), nil
		}
	}
	return view.Dataset{}, server.NewProblem(http.StatusNotFound, "not-found", "there is no dataset "+
		strconv.Quote(server.Clipped(p.Name))+"; "+prefix+"/datasets lists them")
}

// dataset shows one; without series, and the log says why, where its contents cannot be read.
func (a *API) dataset(ctx context.Context, d store.Dataset) view.Dataset {
	contents, err := query.ReadContents(d)
	if err != nil {
		a.server.Logger.WarnContext(ctx, "a dataset cannot be read", "dataset", d.Name, "error", err)
	}
	return a.server.Views().Dataset(d, contents)
}
