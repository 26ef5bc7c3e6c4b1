"""Knowledge distillation (Hinton et al. 2015): soft targets at temperature 3 plus hard labels."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(55)

n_classes, n_feat = 5, 16
W1 = torch.randn(n_feat, 12) / 4
W2 = torch.randn(12, n_classes)


def dataset(n):
    x = torch.randn(n, n_feat)
    scores = torch.relu(x @ W1) @ W2 + 0.2 * torch.randn(n, n_classes)
    return x, scores.argmax(dim=1)


x_train, y_train = dataset(1500)
x_test, y_test = dataset(600)


def mlp(width, dropout):
    return nn.Sequential(nn.Linear(n_feat, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, n_classes))


def fit(net, objective, epochs):
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    net.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x_train)).split(100):
            loss = objective(net(x_train[idx]), idx)
            opt.zero_grad()
            loss.backward()
            opt.step()
    return net


@torch.no_grad()
def test_accuracy(net):
    net.eval()
    return (net(x_test).argmax(1) == y_test).float().mean().item()


def hard_only(logits, idx):
    return F.cross_entropy(logits, y_train[idx])


teacher = fit(mlp(128, 0.2), hard_only, epochs=12)
teacher.eval()
with torch.no_grad():
    teacher_logits = teacher(x_train)

TEMPERATURE, ALPHA = 3.0, 0.7


def distill(logits, idx):
    soft = F.kl_div(
        F.log_softmax(logits / TEMPERATURE, dim=1),
        F.log_softmax(teacher_logits[idx] / TEMPERATURE, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    return ALPHA * TEMPERATURE**2 * soft + (1 - ALPHA) * F.cross_entropy(logits, y_train[idx])


torch.manual_seed(1)
plain = fit(mlp(8, 0.0), hard_only, epochs=12)
torch.manual_seed(1)
student = fit(mlp(8, 0.0), distill, epochs=12)

print(f"teacher          {test_accuracy(teacher):.3f}")
print(f"student, labels  {test_accuracy(plain):.3f}")
print(f"student, distill {test_accuracy(student):.3f}")
