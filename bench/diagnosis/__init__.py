"""`superposed diagnose`: can the features of somebody's activations be recovered?"""
