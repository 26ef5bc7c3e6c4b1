import torch


def accuracy(output, target):
    with torch.no_grad():
        guess = output.argmax(dim=1)
        return (guess == target).sum().item() / len(target)


def top_k_acc(output, target, k=3):
    with torch.no_grad():
        best = output.topk(k, dim=1).indices
        return sum((best[:, i] == target).sum().item() for i in range(k)) / len(target)
