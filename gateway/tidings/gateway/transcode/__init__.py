"""google.api.http rules: templates, matching, binding, printing. Knows no system."""
