import copy
import torch
import torch.nn as nn

# 데이콘 연습: 작은 표 데이터 회귀, 검증 loss 가 제일 좋았던 epoch 의 가중치로 추론
CFG = {"seed": 41, "epochs": 60, "lr": 5e-3, "batch_size": 16}
torch.manual_seed(CFG["seed"])

x = torch.randn(260, 20)
y = (x[:, :3].sum(1, keepdim=True) + 0.8 * torch.randn(260, 1))
x_train, y_train = x[:100], y[:100]
x_valid, y_valid = x[100:180], y[100:180]
x_test, y_test = x[180:], y[180:]


def run_epoch(model, optimizer, criterion):
    model.train()
    for idx in torch.randperm(len(x_train)).split(CFG["batch_size"]):
        optimizer.zero_grad()
        criterion(model(x_train[idx]), y_train[idx]).backward()
        optimizer.step()


@torch.no_grad()
def score(model, criterion, a, b):
    model.eval()
    return criterion(model(a), b).item()


def fit(model):
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=CFG["lr"])
    best_loss = float("inf")
    best_weights = copy.deepcopy(model.state_dict())
    for epoch in range(CFG["epochs"]):
        run_epoch(model, optimizer, criterion)
        val_loss = score(model, criterion, x_valid, y_valid)
        if val_loss < best_loss:
            best_loss = val_loss
            best_weights = copy.deepcopy(model.state_dict())
            print(f"epoch {epoch}: 최고 기록 갱신 {best_loss:.4f}")
    model.load_state_dict(best_weights)
    return model


best_model = fit(nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1)))
print("test mse:", score(best_model, nn.MSELoss(), x_test, y_test))
