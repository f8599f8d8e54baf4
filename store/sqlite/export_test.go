package sqlite

// Raw calls do with the driver's connection of the transaction.
func (t *Tx) Raw(do func(any) error) error { return t.conn.Raw(do) }
