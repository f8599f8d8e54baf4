package app

// SelectionName is selectionName.
var SelectionName = selectionName //nolint:gochecknoglobals // for tests
