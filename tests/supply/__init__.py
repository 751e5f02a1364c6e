"""The supply chain: what is deployed, by which hashes and under which licences. ``make pins licences sbom``."""
