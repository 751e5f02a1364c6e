"""Parameters of the nightly graph: they are made where the functions run, so this module is deployed with them."""


def load(params: dict[str, str]) -> dict[str, str]:
    return {"query": f"SELECT * FROM {params['table']} WHERE day = '{params['date']}'"}
