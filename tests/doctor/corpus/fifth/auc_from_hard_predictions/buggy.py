import torch
from sklearn.datasets import make_classification
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import train_test_split
from torch import nn

X, y = make_classification(n_samples=2400, n_features=15, n_informative=5, weights=[0.85], flip_y=0.03, random_state=2)
X_train, X_test, y_train, y_test = train_test_split(
    torch.from_numpy(X).float(), torch.from_numpy(y).float(), test_size=0.25, stratify=y, random_state=2)

torch.manual_seed(2)
model = nn.Sequential(nn.Linear(15, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 1), nn.Sigmoid())
loss_fn = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)


def report():
    model.eval()
    with torch.no_grad():
        prob = model(X_test).squeeze(1).numpy()
    pred = (prob >= 0.5).astype(int)
    target = y_test.numpy()
    return {"f1": f1_score(target, pred), "auc": roc_auc_score(target, pred)}


for epoch in range(8):
    model.train()
    for idx in torch.randperm(len(X_train)).split(60):
        optimizer.zero_grad()
        loss = loss_fn(model(X_train[idx]), y_train[idx].unsqueeze(1))
        loss.backward()
        optimizer.step()
    print(epoch, report())
