// Package notify tells people and monitors how slots fare: notices through the services that shoutrrr knows (ntfy, Slack,
// Discord, Telegram, mail, any webhook), and pings in the convention of healthchecks.io.
//
// The URLs hold secrets in any of their parts, and the libraries quote them in their errors. No error of this package
// quotes a URL, a library or a server: it names the place of the URL in NOTIFY_URLS, its service, and one of a closed set
// of reasons.
package notify
