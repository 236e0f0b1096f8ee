"""layers.py takes NumPy apart at import; optim.py is imported after it and is still graded."""
EXPECT = {"lost": {}, "maybe_lost": "layers"}
APPEND = {"optim.py": "\n\nTABLE = np.zeros_like(np.ones(3))\n"}

del np.zeros_like, np.ones
