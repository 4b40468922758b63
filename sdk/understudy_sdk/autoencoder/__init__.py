"""What are DeepFaceLab's autoencoders made of, and how do they learn?

Parts that several models need: layers, losses, optimizers, discriminators, training samples, and the names that
DeepFaceLab's files give the weights. The submodules need torch; nothing is loaded here.
"""
