package market

import "time"

// Listing is what a provider says an instrument is. Members that it leaves out are empty.
type Listing struct {
	Symbol      string    // as the answer names it: "ES=F"
	Type        string    // "FUTURE", "EQUITY", "ETF", "MUTUALFUND", "CURRENCY", "CRYPTOCURRENCY", "INDEX"
	Currency    string    // with its unit: "GBp" is pence, "GBP" is pounds
	Exchange    string    // the provider's code: "CME", "NMS"; "YHD" for a symbol that is traded nowhere any more
	Zone        string    // IANA name of the exchange's zone, "America/New_York"
	FirstTrade  time.Time // UTC; zero when the provider does not know it
	ShortName   string    // of a front month it names the contract behind it: "Gold Dec 26"
	Granularity string    // of the bars in this answer, "1h"; it may differ from what was asked
}
