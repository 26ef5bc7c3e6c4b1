import torch
import torch.nn as nn
from sklearn.metrics import accuracy_score, roc_auc_score

METRICS = {
    "acc": lambda y, p: accuracy_score(y, p > 0.5),
    "auc": lambda y, p: roc_auc_score(y, p),
}


def report(model, x, y):
    model.eval()
    with torch.no_grad():
        prob = torch.sigmoid(model(x)).squeeze(-1).numpy()
    return {name: round(float(fn(y.numpy(), prob)), 4) for name, fn in METRICS.items()}


def get_data(n):
    # 환자 900명, 양성은 드물다
    x = torch.randn(n, 9)
    risk = x[:, 0] + 0.5 * x[:, 1] ** 2 - x[:, 2] * x[:, 3]
    y = (risk + torch.randn(n) > 2.5).float()
    return x, y


def main():
    torch.manual_seed(41)
    x, y = get_data(900)
    x_train, y_train = x[:600], y[:600]
    x_val, y_val = x[600:], y[600:]
    model = nn.Sequential(nn.Linear(9, 32), nn.ELU(), nn.Linear(32, 16), nn.ELU(), nn.Linear(16, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-4)
    loss_fn = nn.BCEWithLogitsLoss()
    for epoch in range(12):
        model.train()
        for batch in torch.randperm(len(x_train)).split(30):
            loss = loss_fn(model(x_train[batch]).squeeze(-1), y_train[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(epoch, report(model, x_val, y_val))


if __name__ == "__main__":
    main()
