// Package console owns the pages of the people who work in organisations.
package console

import (
	"github.com/go-chi/chi/v5"

	"heli/services/web/site"
)

// Mount adds the console's routes, with their whole paths (/console…), to the
// root router.
func Mount(_ chi.Router, _ site.Deps) {}
