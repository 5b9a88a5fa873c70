"""Who may do what: principals, policies and decisions. Pure."""
