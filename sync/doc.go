// Package syncer is the engine of the main job: it plans what to fetch, fetches, validates, stores and caches it.
//
// Engine.RunOnce is the unit of work of every run; the run gate calls it. The planner decides from what the archive holds; the
// executor overlaps fetching with storing; the writer commits a base series and everything resampled from it, with the
// evidence, in one transaction. The folder is called sync, the package is not: import it as syncer "barkeep/sync".
package syncer
