import math
import torch

generator = torch.Generator().manual_seed(2023)
torch.manual_seed(2023)
num_inputs, num_hidden, num_outputs = 36, 48, 4

def strokes(n):
    y = torch.randint(0, 4, (n,), generator=generator)
    img = torch.zeros(n, 6, 6)
    pos = torch.randint(1, 5, (n,), generator=generator)
    for i in range(n):
        k, p = y[i].item(), pos[i].item()
        if k == 0:
            img[i, p, :] = 1
        elif k == 1:
            img[i, :, p] = 1
        elif k == 2:
            img[i] = torch.eye(6)
        else:
            img[i] = torch.eye(6).flip(1)
    return (img + 0.5 * torch.randn(n, 6, 6, generator=generator)).flatten(1), y


x_train, y_train = strokes(900)
x_test, y_test = strokes(300)
mean, std = x_train.mean(), x_train.std()
x_train, x_test = (x_train - mean) / std, (x_test - mean) / std


def data_iter(x, y, batch_size, shuffle):
    idx = torch.randperm(len(x), generator=generator) if shuffle else torch.arange(len(x))
    for i in range(0, len(x), batch_size):
        j = idx[i:i + batch_size]
        yield x[j], y[j]

W1 = (torch.randn(num_inputs, num_hidden) * math.sqrt(2 / num_inputs)).requires_grad_()
b1 = torch.zeros(num_hidden, requires_grad=True)
W2 = (torch.randn(num_hidden, num_outputs) * math.sqrt(1 / num_hidden)).requires_grad_()
b2 = torch.zeros(num_outputs, requires_grad=True)
params = [W1, b1, W2, b2]
velocity = [torch.zeros_like(p) for p in params]

def relu(x):
    return torch.max(x, torch.zeros_like(x))


def net(x):
    return relu(x @ W1 + b1) @ W2 + b2


def log_softmax(z):
    z = z - z.max(dim=1, keepdim=True).values
    return z - z.exp().sum(dim=1, keepdim=True).log()


def cross_entropy(z, y):
    return -log_softmax(z)[range(len(y)), y]


def sgd(params, velocity, lr, momentum, weight_decay):
    with torch.no_grad():
        for p, v in zip(params, velocity):
            v.mul_(momentum).add_(p.grad + weight_decay * p)
            p -= lr * v
            p.grad = None

def evaluate(x, y):
    with torch.no_grad():
        z = net(x)
        return cross_entropy(z, y).mean().item(), (z.argmax(1) == y).float().mean().item()


lr = 0.05
for epoch in range(10):
    for xb, yb in data_iter(x_train, y_train, 32, shuffle=True):
        loss = cross_entropy(net(xb), yb).mean()
        loss.backward()
        sgd(params, velocity, lr, momentum=0.9, weight_decay=1e-4)
    lr *= 0.8
    test_loss, test_acc = evaluate(x_test, y_test)
    print(f"epoch {epoch + 1}, test loss {test_loss:.3f}, test acc {test_acc:.3f}")

worst = cross_entropy(net(x_test), y_test).detach().topk(3)
print("hardest test samples", worst.indices.tolist(), [round(v, 2) for v in worst.values.tolist()])
