"""The store of the deployed form, on Firestore."""
