# Linear regression without torch.optim: autograd for the gradient, the update by hand.
import torch

torch.manual_seed(0)

true_w = torch.tensor([2.0, -3.4, 0.7])
true_b = 4.2
features = torch.randn(1000, 3)
targets = features @ true_w + true_b + 0.05 * torch.randn(1000)


def data_iter(batch_size, X, y):
    order = torch.randperm(len(X))
    for i in range(0, len(X), batch_size):
        j = order[i:i + batch_size]
        yield X[j], y[j]


def linreg(X, w, b):
    return X @ w + b


def squared_loss(y_hat, y):
    return (y_hat - y) ** 2 / 2


def sgd(params, lr, batch_size):
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad / batch_size
            p.grad.zero_()


w = (0.01 * torch.randn(3)).requires_grad_()
b = torch.zeros(1, requires_grad=True)
lr, num_epochs, batch_size = 0.1, 5, 20

for epoch in range(num_epochs):
    for X, y in data_iter(batch_size, features, targets):
        # summed over the batch, sgd() divides by its size
        loss = squared_loss(linreg(X, w, b), y).sum()
        loss.backward()
        sgd([w, b], lr, batch_size)
    with torch.no_grad():
        train_l = squared_loss(linreg(features, w, b), targets).mean()
    print(f"epoch {epoch + 1}, loss {train_l:f}")

print("error in w:", (true_w - w.detach()).tolist())
print("error in b:", (true_b - b.detach()).item())
