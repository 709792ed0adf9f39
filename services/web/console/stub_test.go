package console_test

import (
	"context"
	"time"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

func someRequest() contract.Request {
	return contract.Request{
		ID: requestID, Code: "K7FM-3QRAG", Organisation: "xian", Path: testkit.Xian.Path, State: "open", Stage: "open", Version: 7,
		CreatedAt: began, UpdatedAt: began.Add(10 * time.Minute), Title: "社区隔离点急需口罩", Description: "库存只够用到明天。",
		Urgency: contract.Urgent, Mode: contract.ModeDelivery, RegionCode: "610102",
		NeedLines: []contract.NeedLineView{
			{NeedLine: contract.NeedLine{ID: needLine, Category: "ppe", Item: "mask_n95", Quantity: new(int64(2000)), Unit: "piece"}, Matched: 400, Proposed: 200},
			{NeedLine: contract.NeedLine{ID: needLine2, Category: "legal", Unit: "session"}},
		},
		Languages: []string{"zh"}, Vulnerability: []string{"elderly"}, TimeZone: "Asia/Shanghai", Sharing: contract.SharingOwn,
		Contact: contract.Contact{Name: "王＊", Phone: "*********34"}, SubmittedBy: contract.RolePublic,
		Moves: []string{"hold", "refer", "close", "claim", "withdraw", "correct"},
		History: []contract.HistoryEntry{
			{At: began, Move: "submit", To: "submitted", Role: contract.RolePublic},
			{At: began.Add(10 * time.Minute), Move: "open", From: "triaged", To: "open", Role: contract.RoleCoordinator, ActorName: "测试员乙"},
		},
		Notes: []contract.Note{{ID: "01900000-0000-7000-8000-0000000000e1", At: began.Add(5 * time.Minute), AuthorName: "测试员乙", Text: "已电话核实"}},
	}
}

func someOffer() contract.Offer {
	return contract.Offer{
		ID: offerID, Code: "KTYJ-4W94W", Organisation: "shaanxi", Path: testkit.Shaanxi.Path, State: "available", Stage: "available",
		Version: 3, CreatedAt: began, UpdatedAt: began, Title: "N95 口罩现货", Mode: contract.ModeDelivery, RegionCode: "610100",
		OfferLines: []contract.OfferLineView{{
			OfferLine: contract.OfferLine{ID: offerLine, Category: "ppe", Item: "mask_n95", Capacity: contract.Capacity{Quantity: new(int64(5000)), Unit: "piece", Per: contract.PerTotal}},
			Reserved:  200,
		}},
		Languages: []string{"zh"}, Credentials: []contract.Credential{{N: 1, Kind: "legal", Number: "CESHI-1"}}, TimeZone: "Asia/Shanghai",
		Sharing: contract.SharingNetwork, Contact: contract.Contact{Name: "李＊"}, SubmittedBy: contract.RolePublic,
		Moves: []string{"pause", "block", "verify_credential"},
	}
}

func someMatch() contract.Match {
	until := began.Add(2 * time.Hour)
	return contract.Match{
		ID: matchID, Code: "WJHR-C3QHX", State: "proposed", Version: 2, RequestID: requestID, NeedLineID: needLine, OfferID: offerID,
		OfferLineID: offerLine, Category: "ppe", Quantity: 200, Unit: "piece", HoldUntil: &until, PolicyVersion: 1, Score: 0.89,
		RequestOwner: "xian", OfferOwner: "shaanxi", CreatedAt: began, UpdatedAt: began, Moves: []string{"accept", "decline", "cancel", "reschedule"},
		Factors: someFactors(),
	}
}

func someFactors() []contract.Factor {
	return []contract.Factor{
		{Name: "closeness", Value: 0.95, Weight: 2, Key: "factor.closeness.exact", Args: map[string]any{"km": 3.5}},
		{Name: "language", Value: 1, Weight: 1, Key: "factor.language.common", Args: map[string]any{"language": "zh"}},
	}
}

func (d *desk) answerRequests() {
	may := func(ctx context.Context) error { return access.Require(contract.ActorFrom(ctx), access.ReadRequests) }
	stub(d, contract.RequestList, func(ctx context.Context, q contract.ListRequests) (contract.Listing[contract.Request], error) {
		if err := may(ctx); err != nil {
			return contract.Listing[contract.Request]{}, err
		}
		listing := contract.Listing[contract.Request]{Items: []contract.Request{d.request}}
		if q.Cursor != "further" {
			listing.NextCursor = "further"
		}
		return listing, d.listErr
	})
	stub(d, contract.RequestTry, func(context.Context, contract.Move) (contract.Moved, error) {
		return contract.Moved{ID: requestID, State: "on_hold", Version: 8}, d.moveErr
	})
	stub(d, contract.RequestCount, func(ctx context.Context, _ contract.Empty) (contract.Counts, error) {
		return contract.Counts{
			ByState: map[string]int64{"open": 12, "submitted": 3},
			Queues:  map[string]int64{contract.QueueDue: 5, contract.QueueAwaiting: 71, contract.QueueStuck: 83},
		}, may(ctx)
	})
	stub(d, contract.RequestGet, func(ctx context.Context, q contract.GetByID) (contract.Request, error) {
		if q.ID != requestID || may(ctx) != nil {
			return contract.Request{}, fault.NewNotFound("request")
		}
		return d.request, nil
	})
	stub(d, contract.RequestMove, func(context.Context, contract.Move) (contract.Moved, error) {
		return contract.Moved{ID: requestID, State: "on_hold", Version: 8}, d.moveErr
	})
	stub(d, contract.RequestNote, func(context.Context, contract.AddNote) (contract.Empty, error) { return contract.Empty{}, d.moveErr })
	stub(d, contract.RequestContact, func(_ context.Context, q contract.ContactReading) (contract.Contact, error) {
		if q.Reason == "" {
			return contract.Contact{}, fault.NewInvalid(fault.Field{Location: "reason", Code: "required"})
		}
		d.contacts++
		return contract.Contact{Name: "王测试", Phone: "+8610000001234"}, nil
	})
}

func (d *desk) answerOffers() {
	stub(d, contract.OfferList, func(ctx context.Context, _ contract.ListOffers) (contract.Listing[contract.Offer], error) {
		return contract.Listing[contract.Offer]{Items: []contract.Offer{d.offer}}, access.Require(contract.ActorFrom(ctx), access.ReadOffers)
	})
	stub(d, contract.OfferCount, func(context.Context, contract.Empty) (contract.Counts, error) {
		return contract.Counts{ByState: map[string]int64{"available": 1}, Queues: map[string]int64{contract.QueueEnding: 3}}, nil
	})
	stub(d, contract.OfferGet, func(_ context.Context, q contract.GetByID) (contract.Offer, error) {
		if q.ID != offerID {
			return contract.Offer{}, fault.NewNotFound("offer")
		}
		return d.offer, nil
	})
	stub(d, contract.OfferFind, func(_ context.Context, q contract.FindByCode) (contract.Found, error) {
		if q.Code != d.offer.Code {
			return contract.Found{}, fault.NewNotFound("offer")
		}
		return contract.Found{ID: offerID}, nil
	})
	moved := func() (contract.Moved, error) {
		return contract.Moved{ID: offerID, State: "paused", Version: 4}, d.moveErr
	}
	stub(d, contract.OfferMove, func(context.Context, contract.Move) (contract.Moved, error) { return moved() })
	stub(d, contract.OfferVerifyCredential, func(context.Context, contract.VerifyCredential) (contract.Moved, error) { return moved() })
}

func (d *desk) answerMatcher() {
	stub(d, contract.MatcherList, func(context.Context, contract.ListMatches) (contract.Listing[contract.Match], error) {
		return contract.Listing[contract.Match]{Items: []contract.Match{d.match}}, nil
	})
	stub(d, contract.MatcherCount, func(context.Context, contract.Empty) (contract.Counts, error) {
		return contract.Counts{ByState: map[string]int64{"proposed": 1, "stuck": 2}}, nil
	})
	stub(d, contract.MatcherGet, func(_ context.Context, q contract.GetByID) (contract.Match, error) {
		if q.ID != matchID {
			return contract.Match{}, fault.NewNotFound("match")
		}
		return d.match, nil
	})
	stub(d, contract.MatcherMove, func(context.Context, contract.Move) (contract.Match, error) { return d.match, d.moveErr })
	stub(d, contract.MatcherPropose, func(context.Context, contract.Propose) (contract.Match, error) { return d.match, d.moveErr })
	d.answerAsks()
	stub(d, contract.MatcherSuggest, func(context.Context, contract.Suggest) (contract.Suggestions, error) {
		return contract.Suggestions{
			Items: []contract.Suggestion{{NeedLineID: needLine, OfferID: offerID, OfferLineID: offerLine, Quantity: 1400, Score: 0.89, Factors: someFactors()}},
			Missing: []contract.Missing{{NeedLineID: needLine2, Rule: "language", Count: 3, Key: "missing.language",
				Args: map[string]any{"count": 3, "languages": []string{"yue"}}}},
			PolicyVersion: 1, Version: 7,
		}, nil
	})
	stub(d, contract.MatcherPlan, func(context.Context, contract.AskPlan) (contract.Plan, error) {
		pair := contract.PlannedPair{
			RequestID: requestID, NeedLineID: needLine, OfferID: offerID, OfferLineID: offerLine, Quantity: 1400, Unit: "piece",
			Category: "ppe", Urgency: contract.Urgent, Score: 0.89, Factors: someFactors(),
		}
		return contract.Plan{
			ID: planID, SnapshotAt: began, Needs: 3, Unmatched: 1, Units: 1500, GreedyUnits: 1400, Objective: 900, Bound: 900,
			Greedy: 1000, Certified: true, PairsInAll: 60, Pairs: []contract.PlannedPair{pair},
		}, nil
	})
	stub(d, contract.MatcherConfirmPlan, func(_ context.Context, q contract.ConfirmPlan) (contract.ConfirmedPlan, error) {
		taken := contract.ConfirmedPair{PairRef: contract.PairRef{NeedLineID: needLine2}, RequestID: requestID, Problem: "need_met"}
		made := contract.ConfirmedPair{RequestID: requestID, MatchID: matchID, State: "proposed"}
		if len(q.Pairs) > 0 {
			made.PairRef = q.Pairs[0]
		}
		return contract.ConfirmedPlan{Items: []contract.ConfirmedPair{made, taken}}, d.moveErr
	})
	stub(d, contract.MatcherVerdict, func(context.Context, contract.AskVerdict) (contract.Verdict, error) {
		return contract.Verdict{Rule: "place", Key: "rule.place", Args: map[string]any{"region": "610102"}}, nil
	})
}

func someWebhook() contract.Webhook {
	return contract.Webhook{
		ID: hookID, Organisation: "shaanxi", Kind: contract.KindWebhook, URL: "https://hooks.example/heli", Events: []string{"match.*"}, State: "active",
		CreatedAt: began, Version: 1,
	}
}

func someRobot() contract.Webhook {
	return contract.Webhook{
		ID: robotID, Organisation: "shaanxi", Kind: contract.KindWeCom, URL: "https://qyapi.weixin.qq.com/…5aaa", Events: []string{"request.*"},
		State: "active", CreatedAt: began, Version: 1, NoticeTimes: contract.NoticeTimes{
			Language: "zh-Hans", Digest: contract.DigestHourly, Quiet: &contract.QuietHours{From: "22:00", To: "07:00"}, TimeZone: "Asia/Shanghai",
		},
	}
}

func (d *desk) answerNotify() {
	hook, robot := someWebhook(), someRobot()
	withSecret := func() contract.Webhook {
		made := hook
		made.Secret = "whsec_dGVzdA=="
		return made
	}
	stub(d, contract.NotifyWebhooks, func(ctx context.Context, _ contract.ListWebhooks) (contract.Listing[contract.Webhook], error) {
		shown := robot
		if d.disabled.Load() {
			shown.State, shown.Reason = "disabled", "failing"
		}
		return contract.Listing[contract.Webhook]{Items: []contract.Webhook{hook, shown}}, access.Require(contract.ActorFrom(ctx), access.ManageWebhooks)
	})
	stub(d, contract.NotifySchedule, func(_ context.Context, q contract.ScheduleNotices) (contract.Webhook, error) {
		if q.TimeZone == "Mars" {
			return contract.Webhook{}, fault.NewInvalid(fault.Field{Location: "time_zone", Code: "not_a_zone"})
		}
		return robot, nil
	})
	stub(d, contract.NotifyEdit, func(_ context.Context, q contract.EditWebhook) (contract.Webhook, error) {
		if q.URL != nil && *q.URL == "http://127.0.0.1/" {
			return contract.Webhook{}, fault.NewInvalid(fault.Field{Location: "url", Code: "private_address"})
		}
		return hook, nil
	})
	stub(d, contract.NotifyWebhook, func(ctx context.Context, q contract.WebhookByID) (contract.Webhook, error) {
		if q.ID == robotID {
			return robot, access.Require(contract.ActorFrom(ctx), access.ManageWebhooks)
		}
		return hook, access.Require(contract.ActorFrom(ctx), access.ManageWebhooks)
	})
	stub(d, contract.NotifyRegister, func(_ context.Context, q contract.WebhookDraft) (contract.Webhook, error) {
		if q.URL == "http://127.0.0.1/" {
			return contract.Webhook{}, fault.NewInvalid(fault.Field{Location: "url", Code: "private_address"})
		}
		return withSecret(), nil
	})
	stub(d, contract.NotifyRotate, func(context.Context, contract.WebhookByID) (contract.Webhook, error) { return withSecret(), nil })
	stub(d, contract.NotifyTest, func(context.Context, contract.WebhookByID) (contract.Delivery, error) {
		return contract.Delivery{}, nil
	})
	stub(d, contract.NotifyRemove, func(context.Context, contract.WebhookByID) (contract.Empty, error) { return contract.Empty{}, nil })
	stub(d, contract.NotifyReplay, func(_ context.Context, q contract.ReplayDeliveries) (contract.Replayed, error) {
		if len(q.Types) > 0 && q.Types[0] == "nothing" {
			return contract.Replayed{}, nil
		}
		return contract.Replayed{Count: 37}, nil
	})
	stub(d, contract.NotifyDeliveries, func(context.Context, contract.ListDeliveries) (contract.Listing[contract.Delivery], error) {
		return contract.Listing[contract.Delivery]{Items: []contract.Delivery{{
			ID: "01900000-0000-7000-8000-0000000000d2", Type: "heli.match.proposed", State: "dead", CreatedAt: began, Request: `{"specversion":"1.0"}`,
			Attempts: []contract.Attempt{{N: 1, At: began, StatusCode: 500, Reason: "status", DurationMS: 12, Answer: "out of order"}},
		}}}, nil
	})
}

// someAsk is waiting for its answer, with another time that its helper suggests.
func someAsk() contract.Ask {
	other := began.Add(26 * time.Hour)
	return contract.Ask{
		ID: askID, Code: "R3QF-GM7KA", State: "asked", Version: 2, RequestID: requestID, NeedLineID: needLine,
		OfferID: offerID, OfferLineID: offerLine, Category: "ppe", RegionCode: "610102", Urgency: contract.Urgent, Quantity: 300, Unit: "piece",
		Score: 0.8, Wave: 1, OtherTime: &other, Until: began.Add(8 * time.Hour), RequestOrg: "xian", OfferOrg: "shaanxi",
		CreatedAt: began, UpdatedAt: began, Generation: 1, Moves: []string{"accept_time", "withdraw", "hand_on"},
	}
}

func (d *desk) answerAsks() {
	stub(d, contract.MatcherWaves, func(context.Context, contract.GetByID) (contract.Waves, error) {
		look := began.Add(time.Hour)
		return contract.Waves{Items: []contract.Wave{
			{NeedLineID: needLine, RequestID: requestID, State: "asking", Sent: 1, Missing: 1400, Open: 1, StandBy: 1, LookAt: &look, Version: 3, Next: []contract.Suggestion{}, Fitting: 4},
			{NeedLineID: needLine2, RequestID: requestID, Missing: 1, Next: []contract.Suggestion{{NeedLineID: needLine2, OfferID: offerID, OfferLineID: offerLine, Quantity: 1, Score: 0.7}}, Fitting: 5},
		}}, nil
	})
	stub(d, contract.MatcherStartWave, func(context.Context, contract.StartWave) (contract.Wave, error) {
		return contract.Wave{}, d.moveErr
	})
	stub(d, contract.MatcherStopWave, func(context.Context, contract.StopWave) (contract.Wave, error) {
		return contract.Wave{}, d.moveErr
	})
	stub(d, contract.MatcherAsks, func(context.Context, contract.ListAsks) (contract.Listing[contract.Ask], error) {
		return contract.Listing[contract.Ask]{Items: []contract.Ask{someAsk()}}, nil
	})
	stub(d, contract.MatcherMoveAsk, func(context.Context, contract.Move) (contract.Ask, error) { return someAsk(), d.moveErr })
	stub(d, contract.MatcherStanding, func(context.Context, contract.AskStanding) (contract.Standing, error) {
		return contract.Standing{Agreed: 5, NoShows: 1, Withdrawn: 2, Raised: true}, nil
	})
}
