package doctor

// checkHeld names what is held back. Nothing is said where nothing is.
func (s Setup) checkHeld() (findings []Finding) {
	for _, h := range s.Held {
		findings = append(findings, Finding{
			Name: "held back", State: Warning, Detail: h.Instrument + ": " + h.Says,
			Remedy: "look with " + h.Command + " --dry-run, and go on with " + h.Command,
		})
	}
	return findings
}
