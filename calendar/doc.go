// Package calendar tells when exchanges trade: dates, zones, holidays and sessions.
//
// It knows neither bars nor instruments and imports the standard library only. A trading date is the date under which an
// exchange books a session: for futures that open in the evening it is the date of the close. Instants come out in the zone
// of the exchange where a person reads them (Session) and in UTC where they are keys (Midnight).
package calendar
