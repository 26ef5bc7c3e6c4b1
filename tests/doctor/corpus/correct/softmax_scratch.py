# Assignment 1: softmax regression and a two-layer network without autograd or torch.optim.
# Gradients are derived by hand and checked against autograd.
import torch
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

torch.manual_seed(231)
torch.set_default_dtype(torch.float64)


def load():
    X, y = load_iris(return_X_y=True)
    Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.3, random_state=231, stratify=y)
    Xtr, Xte, ytr, yte = map(torch.as_tensor, (Xtr, Xte, ytr, yte))
    m, s = Xtr.mean(dim=0, keepdim=True), Xtr.std(dim=0, keepdim=True)
    return (Xtr - m) / s, ytr, (Xte - m) / s, yte


class Affine:
    def __init__(self, fan_in, fan_out):
        self.params = {"W": torch.randn(fan_in, fan_out) * (2.0 / fan_in) ** 0.5, "b": torch.zeros(fan_out)}
        self.grads = {}

    def forward(self, x):
        self.x = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, dout):
        self.grads["W"] = self.x.T @ dout
        self.grads["b"] = dout.sum(dim=0)
        return dout @ self.params["W"].T


class Relu:
    params, grads = {}, {}

    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


def softmax_loss(scores, y):
    shifted = scores - scores.max(dim=1, keepdim=True).values
    log_probs = shifted - shifted.exp().sum(dim=1, keepdim=True).log()
    n = scores.shape[0]
    loss = -log_probs[torch.arange(n), y].mean()
    dscores = log_probs.exp()
    dscores[torch.arange(n), y] -= 1
    return loss, dscores / n


class Net:
    def __init__(self, *sizes, reg=1e-3):
        self.reg = reg
        self.layers = []
        for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
            if i:
                self.layers.append(Relu())
            self.layers.append(Affine(a, b))

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, y):
        data_loss, d = softmax_loss(self.forward(x), y)
        reg_loss = 0.0
        for layer in reversed(self.layers):
            d = layer.backward(d)
            if "W" in layer.params:
                reg_loss += 0.5 * self.reg * (layer.params["W"] ** 2).sum()
                layer.grads["W"] = layer.grads["W"] + self.reg * layer.params["W"]
        return data_loss + reg_loss

    def loss_value(self, x, y):
        value = softmax_loss(self.forward(x), y)[0]
        return value + sum(0.5 * self.reg * (l.params["W"] ** 2).sum() for l in self.layers if "W" in l.params)


def sgd_momentum(net, velocity, lr, mu=0.9):
    for li, layer in enumerate(net.layers):
        for name, w in layer.params.items():
            v = velocity.setdefault((li, name), torch.zeros_like(w))
            v.mul_(mu).sub_(lr * layer.grads[name])
            w += v


def gradient_check(net, x, y):
    net.loss(x, y)
    worst = 0.0
    for layer in net.layers:
        for name, w in layer.params.items():
            leaf = w.clone().requires_grad_()
            layer.params[name] = leaf
            (auto,) = torch.autograd.grad(net.loss_value(x, y), leaf)
            layer.params[name] = w
            worst = max(worst, (auto - layer.grads[name]).abs().max().item())
    return worst


def accuracy(net, x, y):
    return (net.forward(x).argmax(dim=1) == y).double().mean().item()


Xtr, ytr, Xte, yte = load()
for sizes, lr in (((4, 3), 0.1), ((4, 16, 3), 0.05)):
    net, velocity = Net(*sizes), {}
    print("largest gradient difference %.2e" % gradient_check(net, Xtr[:10], ytr[:10]))
    for epoch in range(40):
        for batch in torch.randperm(len(Xtr)).split(21):
            loss = net.loss(Xtr[batch], ytr[batch])
            sgd_momentum(net, velocity, lr)
    print(sizes, "last loss %.4f  train acc %.3f  test acc %.3f" % (loss, accuracy(net, Xtr, ytr), accuracy(net, Xte, yte)))
