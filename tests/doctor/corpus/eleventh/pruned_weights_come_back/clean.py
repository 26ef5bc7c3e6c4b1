import torch
import torch.nn as nn


class Pruner(object):
    """Global-free magnitude pruning, one mask per Linear layer."""

    def __init__(self, model, amount):
        self.layers = [m for m in model.modules() if isinstance(m, nn.Linear)]
        self.masks = []
        for layer in self.layers:
            w = layer.weight.detach().abs()
            k = int(amount * w.numel())
            thr = w.flatten().kthvalue(k).values
            self.masks.append((w > thr).float())

    @torch.no_grad()
    def apply(self):
        for layer, mask in zip(self.layers, self.masks):
            layer.weight.mul_(mask)

    def sparsity(self):
        zero = sum((l.weight == 0).sum().item() for l in self.layers)
        return zero / sum(l.weight.numel() for l in self.layers)


def run_epochs(model, x, y, epochs, lr, after_step=None):
    opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    loss_fn = nn.CrossEntropyLoss()
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(32):
            opt.zero_grad()
            loss_fn(model(x[idx]), y[idx]).backward()
            opt.step()
            if after_step is not None:
                after_step()


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


torch.manual_seed(33)
proto = torch.randn(6, 24)
y = torch.randint(0, 6, (900,))
x = proto[y] + 1.1 * torch.randn(900, 24)
x_tr, y_tr, x_te, y_te = x[:700], y[:700], x[700:], y[700:]

model = nn.Sequential(nn.Linear(24, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 6))
run_epochs(model, x_tr, y_tr, epochs=8, lr=0.02)
print("dense accuracy    %.3f" % accuracy(model, x_te, y_te))

pruner = Pruner(model, amount=0.8)
pruner.apply()
print("pruned accuracy   %.3f  sparsity %.2f" % (accuracy(model, x_te, y_te), pruner.sparsity()))

run_epochs(model, x_tr, y_tr, epochs=4, lr=0.005, after_step=pruner.apply)
print("finetune accuracy %.3f  sparsity %.2f" % (accuracy(model, x_te, y_te), pruner.sparsity()))
torch.save(model.state_dict(), "pruned.pt")
