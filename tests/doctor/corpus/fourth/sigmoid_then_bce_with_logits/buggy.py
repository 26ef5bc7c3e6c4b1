import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

LOSSES = {"bce": nn.BCELoss, "bce_logits": nn.BCEWithLogitsLoss, "mse": nn.MSELoss}
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "elu": nn.ELU}

options = {
    "layers": [30, 24, 12, 1],
    "hidden": "elu",
    "final": "sigmoid",
    "loss": "bce_logits",
    "optimizer": {"lr": 2e-3, "weight_decay": 1e-4},
    "epochs": 20,
}


def build(opt):
    sizes, mods = opt["layers"], []
    for i, (a, b) in enumerate(zip(sizes[:-1], sizes[1:])):
        mods.append(nn.Linear(a, b))
        name = opt["hidden"] if i < len(sizes) - 2 else opt["final"]
        if name is not None:
            mods.append(ACTIVATIONS[name]())
    return nn.Sequential(*mods)


def probability(model, opt, x):
    model.eval()
    with torch.no_grad():
        out = model(x).squeeze(1)
    return out if opt["final"] == "sigmoid" else torch.sigmoid(out)


X, y = load_breast_cancer(return_X_y=True)
X_tr, X_va, y_tr, y_va = train_test_split(X, y, test_size=0.3, random_state=2, stratify=y)
mu, sd = X_tr.mean(0), X_tr.std(0)
as_tensor = lambda a: torch.tensor((a - mu) / sd, dtype=torch.float32)
X_tr, X_va = as_tensor(X_tr), as_tensor(X_va)
target = torch.tensor(y_tr, dtype=torch.float32)[:, None]

torch.manual_seed(2)
model = build(options)
loss_fn = LOSSES[options["loss"]]()
optimizer = torch.optim.AdamW(model.parameters(), **options["optimizer"])
for epoch in range(options["epochs"]):
    model.train()
    for rows in torch.randperm(len(X_tr)).split(32):
        optimizer.zero_grad()
        loss = loss_fn(model(X_tr[rows]), target[rows])
        loss.backward()
        optimizer.step()

p = probability(model, options, X_va).numpy()
print("train loss %.3f  AUC %.3f  validation log loss %.3f" % (loss.item(), roc_auc_score(y_va, p), log_loss(y_va, p)))
