"""How much each may ask: by network, by principal and by class of route."""
