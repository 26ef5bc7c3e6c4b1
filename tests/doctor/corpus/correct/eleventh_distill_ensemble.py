"""Distil an ensemble of five teachers into a small student with soft targets at temperature 2."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(82)
TEMPERATURE, ALPHA = 2.0, 0.9

w1, w2 = torch.randn(10, 14), torch.randn(14, 4)
w2 = w2 - w2.mean(0)


def make(n):
    x = torch.randn(n, 10)
    logits = torch.relu(x @ w1) @ w2 / 2
    return x, torch.distributions.Categorical(logits=logits).sample()


x_train, y_train = make(300)
x_test, y_test = make(2000)


def mlp(width):
    return nn.Sequential(nn.Linear(10, width), nn.ReLU(), nn.Linear(width, 4))


def fit(model, loss_of, epochs):
    opt = torch.optim.Adam(model.parameters(), lr=4e-3, weight_decay=1e-4)
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x_train)).split(50):
            loss = loss_of(model, idx)
            opt.zero_grad()
            loss.backward()
            opt.step()
    return model.eval()


@torch.no_grad()
def accuracy(predict):
    return (predict(x_test).argmax(-1) == y_test).float().mean().item()


def hard_loss(model, idx):
    return F.cross_entropy(model(x_train[idx]), y_train[idx])


teachers = [fit(mlp(128), hard_loss, epochs=12) for _ in range(5)]


def ensemble_logp(x, temperature=1.0):
    probs = torch.stack([(t(x) / temperature).softmax(-1) for t in teachers])
    return probs.mean(0).log()


with torch.no_grad():
    soft_targets = ensemble_logp(x_train, TEMPERATURE)


def distill_loss(model, idx):
    logits = model(x_train[idx])
    soft = F.kl_div(
        F.log_softmax(logits / TEMPERATURE, dim=1), soft_targets[idx], reduction="batchmean", log_target=True
    )
    return ALPHA * TEMPERATURE**2 * soft + (1 - ALPHA) * F.cross_entropy(logits, y_train[idx])


print("single teachers   ", [round(accuracy(t), 3) for t in teachers])
print("ensemble          ", round(accuracy(ensemble_logp), 3))
plain = fit(mlp(16), hard_loss, epochs=25)
student = fit(mlp(16), distill_loss, epochs=25)
print("student, labels   ", round(accuracy(plain), 3))
print("student, distilled", round(accuracy(student), 3))
