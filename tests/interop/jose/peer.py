"""A Python library as a program: one command of JSON per line in, one answer per line out."""
import json
import sys


def serve(operations):
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = operations[command.pop("op")](**command)
        except Exception as problem:  # the other side reports it
            answer = {"problem": f"{type(problem).__name__}: {problem}"}
        print(json.dumps(answer), flush=True)


def each(items, name, one):
    """Does one thing to every item. What is refused answers null, with the first reason beside the list."""
    results, refused = [], None
    for item in items:
        try:
            results.append(one(item))
        except Exception as problem:
            refused = refused or f"{type(problem).__name__}: {problem}"
            results.append(None)
    return {name: results, "refused": refused}


KEY = ["dir", "A128KW", "A192KW", "A256KW", "A128GCMKW", "A192GCMKW", "A256GCMKW", "ECDH-ES", "ECDH-ES+A128KW",
       "ECDH-ES+A192KW", "ECDH-ES+A256KW", "RSA-OAEP", "RSA-OAEP-256", "PBES2-HS256+A128KW", "PBES2-HS384+A192KW",
       "PBES2-HS512+A256KW"]
CONTENT = ["A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"]


def usable(algorithms, generate):
    """Those of the algorithms that this installation makes keys for."""

    def works(alg):
        try:
            generate(alg)
            return True
        except Exception:
            return False

    return [alg for alg in algorithms if works(alg)]
