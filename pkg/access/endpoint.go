package access

import (
	"maps"
	"slices"

	"heli/pkg/contract"
)

// endpoints says what every call between services asks for. One without a row is
// not answered: bus.Handle refuses to register it.
var endpoints = map[string]Rule{
	contract.RequestSubmit.Subject:      {SubmitRequest},
	contract.RequestGet.Subject:         {ReadRequests, Suggest},
	contract.RequestFind.Subject:        {UseCodes},
	contract.RequestList.Subject:        {ListRequests},
	contract.RequestMove.Subject:        {MoveRequests},
	contract.RequestCorrect.Subject:     {CorrectRequests},
	contract.RequestVerifyPhone.Subject: {VerifyPhone},
	contract.RequestNote.Subject:        {WriteNotes},
	contract.RequestContact.Subject:     {ReadContact, ReadReleased},
	contract.RequestProjections.Subject: {ReadProjections},
	contract.RequestCount.Subject:       {ListRequests},
	contract.RequestErase.Subject:       {Erase},
	contract.RequestConsent.Subject:     {CorrectRequests},

	contract.OfferSubmit.Subject:           {SubmitOffer},
	contract.OfferGet.Subject:              {ReadOffers, Suggest},
	contract.OfferFind.Subject:             {UseCodes},
	contract.OfferList.Subject:             {ListOffers},
	contract.OfferMove.Subject:             {MoveOffers},
	contract.OfferCorrect.Subject:          {CorrectOffers},
	contract.OfferVerifyPhone.Subject:      {VerifyPhone},
	contract.OfferVerifyCredential.Subject: {VerifyCredential},
	contract.OfferNote.Subject:             {WriteNotes},
	contract.OfferContact.Subject:          {ReadContact, ReadReleased},
	contract.OfferProjections.Subject:      {ReadProjections},
	contract.OfferCount.Subject:            {ListOffers},
	contract.OfferErase.Subject:            {Erase},
	contract.OfferConsent.Subject:          {CorrectOffers},

	contract.MatcherSuggest.Subject:     {Suggest},
	contract.MatcherVerdict.Subject:     {Suggest},
	contract.MatcherPropose.Subject:     {Propose},
	contract.MatcherMove.Subject:        {MoveMatches},
	contract.MatcherGet.Subject:         {ReadMatches},
	contract.MatcherFind.Subject:        {UseCodes},
	contract.MatcherList.Subject:        {ReadMatches},
	contract.MatcherCount.Subject:       {ReadMatches},
	contract.MatcherPolicy.Subject:      {ReadPolicy},
	contract.MatcherPolicies.Subject:    {ReadPolicy},
	contract.MatcherSetPolicy.Subject:   {ManagePolicies},
	contract.MatcherPlan.Subject:        {Suggest},
	contract.MatcherConfirmPlan.Subject: {Propose},
	contract.MatcherReplay.Subject:      {TryPolicies},
	contract.MatcherHonours.Subject:     {ReadHonours},

	contract.DirectoryReference.Subject:     {ReadReference},
	contract.DirectoryCampaigns.Subject:     {ReadReference},
	contract.DirectoryRegister.Subject:      {Register},
	contract.DirectoryOrganisation.Subject:  {ReadOrganisations},
	contract.DirectoryOrganisations.Subject: {ReadOrganisations},
	contract.DirectoryAddPerson.Subject:     {ManagePeople},
	contract.DirectoryPeople.Subject:        {ManagePeople},
	contract.DirectoryMakeLogin.Subject:     {ManagePeople},
	contract.DirectoryRedeemLogin.Subject:   {SignIn},
	contract.DirectoryMakeAPIKey.Subject:    {ManageKeys},
	contract.DirectoryAuthenticate.Subject:  {SignIn},
	contract.DirectoryRollUp.Subject:        {ReadOrganisations},
	contract.DirectoryHonours.Subject:       {ReadHonours},
	contract.DirectoryCampaign.Subject:      {ManageCampaigns},
	contract.DirectoryInvite.Subject:        {ManagePeople},
	contract.DirectoryPerson.Subject:        {UseAccount},
	contract.DirectoryHistory.Subject:       {UseAccount},
	contract.DirectoryGrant.Subject:         {ManagePeople},
	contract.DirectoryWithdraw.Subject:      {ManagePeople},
	contract.DirectoryAPIKeys.Subject:       {ManageKeys},
	contract.DirectoryFirst.Subject:         {MakeFirst},
	contract.DirectorySignIn.Subject:        {SignIn},
	contract.DirectorySignInSubject.Subject: {SignIn},
	contract.DirectoryProve.Subject:         {SignIn},
	contract.DirectorySetPassword.Subject:   {SignIn},
	contract.DirectorySetLanguage.Subject:   {SignIn},
	contract.DirectoryBeginTOTP.Subject:     {SignIn},
	contract.DirectoryConfirmTOTP.Subject:   {SignIn},
	contract.DirectoryPasskeys.Subject:      {SignIn},
	contract.DirectoryAddPasskey.Subject:    {SignIn},
	contract.DirectoryUsePasskey.Subject:    {SignIn},
	contract.DirectoryRemoveFactor.Subject:  {SignIn},
	contract.DirectoryRecoveryCodes.Subject: {SignIn},
	contract.DirectoryLinkSubject.Subject:   {SignIn},
	contract.DirectoryUnlinkSubject.Subject: {SignIn},
	contract.DirectoryRecordErasure.Subject: {Erase},
	contract.DirectoryErasures.Subject:      {FollowErasures},
	contract.DirectoryAlerts.Subject:        {ReadAlerts},
	contract.DirectoryAudit.Subject:         {Record},
	contract.DirectoryRevoke.Subject:        {ManagePeople, ManageKeys},

	contract.DirectoryRevise.Subject:       {Register},
	contract.DirectoryEnd.Subject:          {Register},
	contract.DirectoryPutCategory.Subject:  {ManageCategories},
	contract.DirectoryAuditTrail.Subject:   {ReadAudit},
	contract.DirectoryVerifyAudit.Subject:  {ReadAudit},
	contract.MatcherPolicyVersions.Subject: {ReadPolicy},

	contract.OfferSetTerms.Subject: {SetHelperTerms},
	contract.RequestFigure.Subject: {ReadFigures},
	contract.OfferFigure.Subject:   {ReadFigures},
	contract.MatcherFigure.Subject: {ReadFigures},

	"svc.request.dead_letters":   {ReplayDeadLetters},
	"svc.request.replay_letters": {ReplayDeadLetters},
	"svc.request.drop_letters":   {ReplayDeadLetters},
	"svc.offer.dead_letters":     {ReplayDeadLetters},
	"svc.offer.replay_letters":   {ReplayDeadLetters},
	"svc.offer.drop_letters":     {ReplayDeadLetters},
	"svc.matcher.dead_letters":   {ReplayDeadLetters},
	"svc.matcher.replay_letters": {ReplayDeadLetters},
	"svc.matcher.drop_letters":   {ReplayDeadLetters},
	"svc.notify.dead_letters":    {ReplayDeadLetters},
	"svc.notify.replay_letters":  {ReplayDeadLetters},
	"svc.notify.drop_letters":    {ReplayDeadLetters},

	contract.NotifyRegister.Subject:   {ManageWebhooks},
	contract.NotifyWebhook.Subject:    {ManageWebhooks},
	contract.NotifyWebhooks.Subject:   {ManageWebhooks},
	contract.NotifyRemove.Subject:     {ManageWebhooks},
	contract.NotifyRotate.Subject:     {ManageWebhooks},
	contract.NotifyTest.Subject:       {ManageWebhooks},
	contract.NotifyDeliveries.Subject: {ManageWebhooks},
	contract.NotifyReplay.Subject:     {ManageWebhooks},
	contract.NotifyEvents.Subject:     {PullEvents},
}

// OfEndpoint returns what a call asks for; false for a subject without a row.
func OfEndpoint(subject string) (Rule, bool) {
	r, ok := endpoints[subject]
	return r, ok
}

// Endpoints returns the subject of every row.
func Endpoints() []string { return slices.Sorted(maps.Keys(endpoints)) }
