"""Knowledge distillation: a wide teacher, a narrow student, few labels."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(64)
T, ALPHA = 3.0, 0.7
N_CLASSES = 6

centres = torch.randn(N_CLASSES, 2, 12)  # two clusters per class


def sample(n):
    y = torch.randint(0, N_CLASSES, (n,))
    which = torch.randint(0, 2, (n,))
    return centres[y, which] + 0.9 * torch.randn(n, 12), y


def mlp(width):
    return nn.Sequential(nn.Linear(12, width), nn.ReLU(), nn.Linear(width, N_CLASSES))


def fit(model, X, y, loss_fn, epochs, lr):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(X)).split(64):
            loss = loss_fn(model(X[idx]), X[idx], y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
    return model


def accuracy(model, X, y):
    model.eval()
    with torch.no_grad():
        return (model(X).argmax(dim=1) == y).float().mean().item()


def hard_loss(logits, x, y):
    return F.cross_entropy(logits, y)


X_big, y_big = sample(4000)
X_small, y_small = sample(400)
X_test, y_test = sample(1500)

teacher = fit(mlp(128), X_big, y_big, hard_loss, epochs=8, lr=2e-3)
teacher.eval()
for p in teacher.parameters():
    p.requires_grad_(False)


def distill_loss(logits, x, y):
    soft_target = F.log_softmax(teacher(x) / T, dim=1)
    soft = F.kl_div(F.log_softmax(logits / T, dim=1), soft_target, reduction="batchmean", log_target=True)
    return ALPHA * T * T * soft + (1 - ALPHA) * F.cross_entropy(logits, y)


plain = fit(mlp(16), X_small, y_small, hard_loss, epochs=40, lr=5e-3)
distilled = fit(mlp(16), X_small, y_small, distill_loss, epochs=40, lr=5e-3)

for name, net in [("teacher", teacher), ("student, labels only", plain), ("student, distilled", distilled)]:
    print(f"{name:<22} {accuracy(net, X_test, y_test):.3f}")
