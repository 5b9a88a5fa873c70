"""Who may do what: decisions over tokens and policies, without I/O."""
