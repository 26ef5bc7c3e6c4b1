# Softmax regression from scratch: no nn, no optim, gradients checked against the formula
import torch

torch.manual_seed(9)

num_inputs, num_outputs = 16, 4
lr, num_epochs, batch_size = 0.3, 5, 40

centers = torch.randn(num_outputs, num_inputs)


def synthetic(n):
    y = torch.randint(0, num_outputs, (n,))
    return centers[y] + 1.2 * torch.randn(n, num_inputs), y


def data_iter(features, labels):
    indices = torch.randperm(len(features))
    for i in range(0, len(features), batch_size):
        j = indices[i:i + batch_size]
        yield features[j], labels[j]


def log_softmax(o):
    return o - o.logsumexp(dim=1, keepdim=True)


def net(X, W, b):
    return log_softmax(X @ W + b)


def cross_entropy(log_p, y):
    return -log_p[torch.arange(len(y)), y].mean()


def sgd(params, lr):
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad
            p.grad.zero_()


X_train, y_train = synthetic(1000)
X_test, y_test = synthetic(400)
W = (0.01 * torch.randn(num_inputs, num_outputs)).requires_grad_()
b = torch.zeros(num_outputs, requires_grad=True)

# the gradient of the mean loss w.r.t. W is X^T (p - onehot) / n
loss = cross_entropy(net(X_train, W, b), y_train)
loss.backward()
with torch.no_grad():
    p = net(X_train, W, b).exp()
    p[torch.arange(len(y_train)), y_train] -= 1
    by_hand = X_train.T @ p / len(X_train)
print("gradient matches the formula:", torch.allclose(W.grad, by_hand, atol=1e-5))
W.grad.zero_()
b.grad.zero_()

for epoch in range(num_epochs):
    for X, y in data_iter(X_train, y_train):
        cross_entropy(net(X, W, b), y).backward()
        sgd([W, b], lr)
    with torch.no_grad():
        train_l = cross_entropy(net(X_train, W, b), y_train).item()
        test_acc = (net(X_test, W, b).argmax(1) == y_test).float().mean().item()
    print(f"epoch {epoch + 1}, loss {train_l:.4f}, test acc {test_acc:.3f}")
