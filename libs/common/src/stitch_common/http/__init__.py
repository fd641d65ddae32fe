"""The defaults of every HTTP service: problems, request ids, principals, lists, versions."""
