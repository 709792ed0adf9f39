package rank

// Travel returns the metres over ground that help covers from the offer's point
// to the need's. False where one of them is not stated, and for remote help.
func (q *Question) Travel(o *Offer) (float64, bool) {
	if q.need.Point == nil || o.Point == nil || q.ways(o)&Remote != 0 {
		return 0, false
	}
	return q.metres(o), true
}
