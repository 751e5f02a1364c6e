"""The cloud's store, on Firestore."""
