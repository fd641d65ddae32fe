"""The dashboard: a picture of all services, made of nothing but their facts."""
