// Package calendar tells when exchanges trade: dates, zones, holidays and sessions.
//
// It knows neither bars nor instruments and imports the standard library only. What an exchange does is a table of facts (the
// folder tables, written by tools/calendars): its usual weeks by period, and the dates that differ. A trading date is the date
// under which an exchange books a session: for futures that open in the evening it is the date of the close. Instants come out
// in the zone of the exchange where a person reads them (Session) and in UTC where they are keys (Midnight).
package calendar
