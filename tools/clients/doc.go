// Package clients runs the real clients with which the tests read what Barkeep serves: programs for Node.js that use packages
// of npm, at the versions of package-lock.json.
//
// Command testenv calls Install and hands the folder of the packages to the tests in EnvModules. A test writes a script
// (testdata/NAME.mjs) and calls Script.Run or Script.JSON, which fail the test when there is no Node.js to be had.
package clients
