package kafka

// UnderWay is how many of a proxy's produce requests wait for their answers.
func UnderWay(p *Proxy) int64 { return p.producing.faults.produce.underWay.Load() }
